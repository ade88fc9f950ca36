"""The copy that is scanned: what it reads as, and where each of its characters stands in the original."""

from __future__ import annotations

import unicodedata

import pytest

from privacy_analytics.scrub import Scrubber
from privacy_analytics.scrub.normalize import Scanned, normalize
from privacy_analytics.scrub.spans import Span

PLAIN = "jane.doe@example.com"


def behind(scanned: Scanned, word: str, text: str) -> str:
    """What stands in the original where the copy has ``word``."""
    start = scanned.text.index(word)
    span = scanned.original(Span(start, start + len(word), "X", 1.0))
    return text[span.start : span.end]


@pytest.mark.parametrize(
    "text",
    ["", " \n\t\r", "Kick 01 at 50% wet, R&D & more", "C:\\Users\\jane\\x64\\u2", "100% &copy AT&T; \\o/ %zz %", PLAIN],
)
def test_plain_ascii_is_scanned_as_it_is(text: str) -> None:
    assert normalize(text) == Scanned(text)


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe%40example.com",
        "jane.doe%2540example.com",
        "jane.doe%252540example.com",
        "%6A%61%6E%65%2Edoe%40example%2ecom",
        "jane.doe&#64;example&period;com",
        "jane.doe&#x40;example&#46com",
        "jane.doe&commat;example.com",
        "jane.doe&amp;#64;example.com",
        "jane.doe\\u0040example\\u002ecom",
        "jane.doe\\\\u0040example.com",
        "jane.doe\\u{40}example.com",
        "jane.doe\\x40example.com",
        "jane.doe%u0040example.com",
        "\\ud835\\udc23ane.doe@example.com",
        "%F0%9D%90%A3ane.doe@example.com",
        "%D1%98ane.doe@example.com",
        "".join(chr(0xE0000 + ord(char)) for char in PLAIN),
    ],
)
def test_escapes_are_read(text: str) -> None:
    scanned = normalize(text)
    assert scanned.text == PLAIN
    assert behind(scanned, PLAIN, text) == text


@pytest.mark.parametrize(
    "silent",
    [
        *("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u202e", "\u2066", "\u2069", "\u061c", "\ufe0f"),
        *("\U000e0100", "\U000e0061", "\U000e007f", "\u3164", "\u115f", "\u180e", "\x00", "\x1b", "\x7f", "\u0336"),
    ],
)
def test_what_shows_nothing_is_not_read_and_is_masked_with_its_word(silent: str) -> None:
    word = "".join(char + silent for char in PLAIN)
    for text in (f"to {word}!", f"to {silent}{word}!", f"{silent}{word}"):
        scanned = normalize(text)
        assert scanned.text == text.replace(silent, "")
        assert behind(scanned, PLAIN, text) == text.removeprefix("to ").removesuffix("!")


@pytest.mark.parametrize(
    "text",
    [
        "јаnе.dое@ехаmрlе.соm",  # Cyrillic
        "jαnε.dοε@εxαmρlε.cοm",  # Greek
        "jaոe.dօe@example.cօm",  # Armenian
        "ᴊᴀɴᴇ.ᴅᴏᴇ@ᴇxᴀᴍᴘʟᴇ.ᴄᴏᴍ",
        "ｊａｎｅ．ｄｏｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "𝐣𝐚𝐧𝐞.𝓭𝓸𝓮@𝕖𝕩𝕒𝕞𝕡𝕝𝕖.𝚌𝚘𝚖",
        "ⓙⓐⓝⓔ.ⓓⓞⓔ@ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ",
        "⒥⒜⒩⒠.⒟⒪⒠@⒠⒳⒜⒨⒫⒧⒠.⒞⒪⒨",
        "ʲᵃⁿᵉ.ᵈᵒᵉ@ᵉˣᵃᵐᵖˡᵉ.ᶜᵒᵐ",
        "jane.ⅾoe@exaⅿpⅼe.ⅽoⅿ",
        "jane。doe﹫example․com",
        "jane۔doe＠example﹒com",
    ],
)
def test_what_looks_like_ascii_is_read_as_ascii(text: str) -> None:
    assert normalize(text).text == PLAIN


@pytest.mark.parametrize("text", ["ᎫᎪNᎬ", "ꓙꓮꓠꓰ", "🅙🅐🅝🅔", "🅹🅰🅽🅴", "🄹🄰🄽🄴", "ЈАΝЕ"])
def test_capitals_stay_capitals(text: str) -> None:
    assert normalize(text).text == "JANE"


@pytest.mark.parametrize("zero", "٠۰०০௦０𝟎𝟘߀")
def test_the_digits_of_every_script_are_digits(zero: str) -> None:
    assert normalize("".join(chr(ord(zero) + number) for number in range(10))).text == "0123456789"


def test_numbers_in_rings_are_digits() -> None:
    assert normalize("①⑵⒊❹➄²₂").text == "1234522"


def test_spaces_are_spaces_and_line_breaks_line_breaks() -> None:
    assert normalize("a\u00a0b\u2003c\u3000d\u1680e\u2800f").text == "a b c d e f"
    assert normalize("a\u2028b\u2029c\x85d").text == "a\nb\nc\nd"


def test_an_accent_stays_part_of_its_letter() -> None:
    decomposed = unicodedata.normalize("NFD", "José Renée Việt")
    assert normalize("José Renée Việt").text == normalize(decomposed).text == "José Renée Việt"
    assert behind(normalize(decomposed), "José", decomposed) == "Jose\u0301"


def test_stacked_marks_are_noise() -> None:
    text = "j\u0301\u0334\u0322a\u0301\u0334n\u0301\u0327\u0334\u0301e\u0301\u0334 1\u0301\u0334"
    assert normalize(text).text == "jane 1"
    assert normalize("ja\u0301n" + "\u0301\u0323" * 1000).text == "jan"


def test_the_vowel_signs_of_a_script_are_masked_with_its_letters() -> None:
    (result,) = Scrubber("fast").scrub(["my name is प्रिया, ok"])
    assert result.text == "my name is <PERSON>, ok"


@pytest.mark.parametrize("name", ["Анна Кузнецова", "Сара Попова", "Μαρία Παπαδοπούλου"])
def test_names_in_other_scripts_are_masked_after_a_cue(name: str) -> None:
    (result,) = Scrubber("fast").scrub([f"my name is {name}, hi"])
    assert result.text == "my name is <PERSON>, hi"


def test_a_character_that_stands_for_several_is_one_place() -> None:
    text = "the ﬁrst…"
    scanned = normalize(text)
    assert scanned.text == "the first..."
    assert behind(scanned, "f", text) == behind(scanned, "fi", text) == "ﬁ"


def test_octets_that_are_no_text_are_left_as_written() -> None:
    assert normalize("from 50%FF to 60%e9").text == "from 50%FF to 60%e9"
    assert normalize("caf%C3%A9%FF").text == "café%FF"


def test_escapes_around_escapes_are_read_to_a_fixed_depth() -> None:
    assert normalize("%25252540").text == "%40"


def test_a_lone_surrogate_is_read_as_the_replacement_character() -> None:
    assert normalize("a\ud800b").text == "a\ufffdb"
    assert normalize("\ud83d\ude00").text == "😀"


def test_what_is_no_disguise_stays() -> None:
    text = "Łukasz Çelik ß 東京 김 😀 🇩🇪 Привет, мир"
    assert normalize("Łukasz Çelik ß 東京 김 😀 🇩🇪").text == "Łukasz Çelik ß 東京 김 😀 🇩🇪"
    assert len(normalize(text).text) == len(text)

from __future__ import annotations

import pytest

from privacy_analytics.scrub.lists import clear_names, known_names, ordinary_words, surnames
from privacy_analytics.scrub.recognizers.base import Glance
from privacy_analytics.scrub.recognizers.names import NameRecognizer, is_reference
from privacy_analytics.scrub.spans import Span, merged

NAMES = NameRecognizer()


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in merged(NAMES.find(Glance.of(text)), text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("im jodie and i need help", "jodie"),
        ("its tobi here", "tobi"),
        ("collab with osha", "osha"),
        ("sent the stems to marek", "marek"),
        ("talk soon\n- ulrikke", "ulrikke"),
        ("sincerely\nJ. Doe", "J. Doe"),
        ("Dr. Okonjo will call", "Okonjo"),
        ("it was played by Al-Masri today", "Al-Masri"),
        ("mika said so", "mika"),
        ("tell gwenfrewi i said thanks", "gwenfrewi"),
        ("jodie's mix is too loud", "jodie"),
        ("@ marek can you check", "marek"),
        ("[14:02] tobi: the kick is late", "tobi"),
        ("feat. Ulrikke Vang", "Ulrikke Vang"),
        ("jane smith from accounting", "jane smith"),
        ("Doe, Jane", "Doe, Jane"),
        ("J. R. Smith wrote it", "J. R. Smith"),
        ("notice for JANE DOE today", "JANE DOE"),
        ("my name is Łukasz Żółkiewski", "Łukasz Żółkiewski"),
        ("my name is Иван Петров", "Иван Петров"),
        ("name: 田中 太郎", "田中 太郎"),
        ("signed, sorin balanescu", "sorin balanescu"),
        ("change my name from anna vik to renee ostergard", "renee ostergard"),
        ("Thrudvang Petersen mixed it", "Thrudvang Petersen"),
        ("call jade at +1 705 319 8790", "jade"),
        ("see Mr Brown", "Brown"),
        ("Account of Emily Young", "Emily Young"),
    ],
)
def test_a_name_is_found_whole(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks for the help",
        "i love you so much",
        "hi there, can you help",
        "my friend lives in a flat",
        "my boss is complaining again",
        "tell me what to do",
        "it's called when the beat drops",
        "cheers everyone",
        "everyone said it is fine",
        "may i ask for mark and will to be bold",
        "rename it - tone stack",
        "MS Matrix",
        "the ACE is on",
        "with bass and drums",
    ],
)
def test_plain_talk_holds_no_name(text: str) -> None:
    assert found(text) == []


def test_an_ordinary_surname_counts_after_a_first_name_only() -> None:
    assert found("Emily Brown wrote") == ["Emily Brown"]
    assert found("Brown noise") == []


def test_a_possessive_stays_outside() -> None:
    assert found("my singer Marek's take") == ["Marek"]


def test_a_style_reference_is_nobody() -> None:
    text = "something like Ulrikke Vang"
    assert is_reference(text, Span(15, len(text), "PERSON", 0.8))


def test_lists_are_plain_lower_case_and_apart() -> None:
    assert clear_names() <= known_names()
    assert not ordinary_words() & known_names()
    for words in (clear_names(), known_names(), surnames(), ordinary_words()):
        assert all(word == word.lower() and "?" not in word for word in words)
    assert {"mark", "will", "grace"}.isdisjoint(clear_names())


def test_names_are_known_with_and_without_accents() -> None:
    assert {"björn", "bjorn", "łukasz", "soren"} <= known_names()

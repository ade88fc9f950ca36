from __future__ import annotations

import pytest

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub import IdentityHasher, Scrubber
from privacy_analytics.scrub.recognizers.names import NameRecognizer
from privacy_analytics.scrub.scrubber import FAILED


@pytest.fixture(scope="module")
def fast() -> Scrubber:
    return Scrubber("fast")


def said(scrubber: Scrubber, *texts: str) -> list[str]:
    return [each.text for each in scrubber.scrub(texts, conversations=["c"] * len(texts))]


@pytest.mark.parametrize(
    ("first", "second", "masked"),
    [
        ("my mail is jane.doe", "@gmail.com", ["my mail is <EMAIL>", "<EMAIL>"]),
        ("jane.doe@", "gmail.com is my mail", ["<EMAIL>", "<EMAIL> is my mail"]),
        ("mail me: wobbleking", "@outlook.com ok?", ["mail me: <EMAIL>", "<EMAIL> ok?"]),
        ("jane at", "gmail dot com", ["<EMAIL>", "<EMAIL>"]),
        ("0151 234", "5678", ["<PHONE>", "<PHONE>"]),
        ("my number is +49 151", "2345 6789", ["my number is <PHONE>", "<PHONE>"]),
        ("+49 151 23456 ", " 7890", ["<PHONE> ", " <PHONE>"]),
        ("the key is sk-proj-a8Kd02", "9fQx71Lm2", ["the key is <API_KEY>", "<API_KEY>"]),
        (
            "it is QX7A-88KD-",
            "91LM-0PQ2 not working",
            ["it is <LICENSE_KEY>", "<LICENSE_KEY> not working"],
        ),
        ("AKIAIOSFODNN7", "EXAMPLE", ["<API_KEY>", "<API_KEY>"]),
        ("sk-proj-abcdefgh", "2Kd8x0Qm works", ["<API_KEY>", "<API_KEY> works"]),
        ("jane dot doe", "at gmail dot com", ["<EMAIL>", "<EMAIL>"]),
        ("mac 00:1B:44", ":11:3A:B7", ["mac <MAC>", "<MAC>"]),
        ("call me on 0151", "2345678 tonight", ["call me on <PHONE>", "<PHONE> tonight"]),
        ("card 4111 1111", "1111 1111", ["card <CREDIT_CARD>", "<CREDIT_CARD>"]),
        ("my last name is", "Umlaufsen", ["my last name is", "<PERSON_1>"]),
        ("my name is ", "\numlaufsen", ["my name is ", "\n<PERSON_1>"]),
        ("the password is", "hunter2!x", ["the password is", "<PASSWORD>"]),
        ("ssn 536-90", "-4399", ["ssn <SSN>", "<SSN>"]),
        ("it is in /Users/", "annak/Music", ["it is in /Users/", "<USERNAME>/Music"]),
        ("user=", "jdoe84", ["user=", "<USERNAME>"]),
        ("my serial is QX7A-", "88KD-91LM-0PQ2", ["my serial is <LICENSE_KEY>", "<LICENSE_KEY>"]),
        ("the key: sk-proj", "-a8Kd029fQx71Lm2Zp", ["the key: <API_KEY>", "<API_KEY>"]),
        ("it listens on 192.168.", "17.23 here", ["it listens on <IP>", "<IP> here"]),
        ("DE89 3704 0044", "0532 0130 00", ["<IBAN>", "<IBAN>"]),
        ("my birthday is", "12.03.1990", ["my birthday is", "<DOB>"]),
    ],
)
def test_what_is_split_over_two_messages_is_masked_in_both(
    fast: Scrubber, first: str, second: str, masked: list[str]
) -> None:
    assert said(fast, first, second) == masked


@pytest.mark.parametrize(
    "texts",
    [
        ("12", "345 bpm"),
        ("order 12", "345 bpm"),
        ("try 44100", "48000 samples"),
        ("88200", "96000"),
        ("set it to 120", "440 880 660"),
        ("attack 0.1", "0151 is my patch bank"),
        ("thanks", "Serum sounds huge"),
        ("cheers", "Massive X crashed again"),
        ("ok nice.", "wav or mp3?"),
        ("that was v1.2.", "3 is out now"),
        ("C3 E3 G3", "B3 D4 F4"),
        ("render it at 24 bit", "48 khz please"),
        ("the kick is at 50", "60 hz and it booms"),
        ("sidechain it with", "the pad in bar 16"),
        ("my favourite synth is", "Diva, then Zebra 2"),
        ("the preset is called", "warm pad 03"),
        ("4", "bars on the long road"),
        ("my name is", "not important here"),
        ("i use live 11", "12 is too heavy"),
        ("load kick_01", "snare_02 and hat_03"),
        ("password", "reset mail never came"),
        ("i want a key board", "16052 is the price"),
        ("my account number", "is not 79 only"),
        ("it was 79 only", "okay thank you"),
        ("take 4632", "avenue sounds better"),
    ],
)
def test_ordinary_neighbours_stay(fast: Scrubber, texts: tuple[str, str]) -> None:
    assert said(fast, *texts) == list(texts)


@pytest.mark.parametrize(
    ("texts", "masked"),
    [
        (("it's jane@gmail.com", "Serum or Vital?"), ["it's <EMAIL>", "Serum or Vital?"]),
        (("thanks", "@anna.music check this"), ["thanks", "<HANDLE> check this"]),
        (("mail jane@example.com", "-3 dB on the bus"), ["mail <EMAIL>", "-3 dB on the bus"]),
        (("+49 151 23456789", "120 bpm"), ["<PHONE>", "120 bpm"]),
        (("it is QX7A-88KD-91LM-0PQ2", "Thanks"), ["it is <LICENSE_KEY>", "Thanks"]),
        (("sk-proj-a8Kd029fQx71Lm2", "808s sound thin"), ["<API_KEY>", "808s sound thin"]),
        (("see soundcloud.com/annakow", "Massive stays"), ["see <URL>", "Massive stays"]),
    ],
)
def test_what_is_complete_takes_nothing_of_its_neighbour(
    fast: Scrubber, texts: tuple[str, str], masked: list[str]
) -> None:
    assert said(fast, *texts) == masked


def test_a_seam_is_found_behind_disguises_and_blanks(fast: Scrubber) -> None:
    assert said(fast, "my mail is j\u200bane.doe \u200b", " ＠gmail.com")[1] == " <EMAIL>"


def test_own_identifiers_are_found_over_a_seam() -> None:
    hasher = IdentityHasher(bytes(32))
    own = hasher.own(username="wobbleking", name="Mara Feldgrau Sanz")
    texts = ["i am wobble", "king as you know"]
    scrubber = Scrubber("fast", hasher=hasher)
    together = scrubber.scrub(texts, [own, own], ["c", "c"])
    assert [each.text for each in together] == ["i am <USERNAME>", "<USERNAME> as you know"]
    assert [each.text for each in scrubber.scrub(texts, [own, own])] == texts


def test_only_neighbours_of_one_conversation_are_read_together(fast: Scrubber) -> None:
    texts = ["0151 234", "5678", "0151 234", "5678"]
    results = fast.scrub(texts, conversations=["a", "b", "b", None])
    assert [each.text for each in results] == ["0151 234", "5678", "0151 234", "5678"]


def test_equal_conversations_of_other_accounts_are_not_mixed_up() -> None:
    hasher = IdentityHasher(bytes(32))
    own = hasher.own(username="wobbleking")
    results = Scrubber("fast", hasher=hasher).scrub(["i am wobble", "king"] * 2, [own, own, None, None], [1, 1, 2, 2])
    assert [each.text for each in results] == ["i am <USERNAME>", "<USERNAME>", "i am wobble", "king"]


def test_conversations_may_be_interleaved(fast: Scrubber) -> None:
    results = fast.scrub(["0151 234", "hm", "5678", "ok"], conversations=["a", "b", "a", "b"])
    assert [each.text for each in results] == ["<PHONE>", "hm", "<PHONE>", "ok"]


def test_a_person_keeps_one_number_in_a_conversation(fast: Scrubber) -> None:
    texts = ["hi, my name is Anna Kowalska", "tell Marek that anna is here", "Marek and ANNA KOWALSKA wrote"]
    assert said(fast, *texts) == [
        "hi, my name is <PERSON_1>",
        "tell <PERSON_2> that <PERSON_1> is here",
        "<PERSON_2> and <PERSON_1> wrote",
    ]


def test_a_first_name_of_two_people_is_neither(fast: Scrubber) -> None:
    texts = ["ask Anna Kowalska", "ask Anna Brinkmann", "ask Anna"]
    assert said(fast, *texts) == ["ask <PERSON_1>", "ask <PERSON_2>", "ask <PERSON_3>"]


def test_numbers_start_anew_in_every_conversation_and_are_absent_without(fast: Scrubber) -> None:
    texts = ["ask Marek Kowalska", "ask Anna Brinkmann"] * 2
    results = fast.scrub(texts, conversations=["a", "a", "b", None])
    assert [each.text for each in results] == ["ask <PERSON_1>", "ask <PERSON_2>", "ask <PERSON_1>", "ask <PERSON>"]


def test_a_conversation_masked_twice_is_masked_once(fast: Scrubber) -> None:
    texts = [
        "hi, my name is Anna Kowalska",
        "my mail is jane.doe",
        "@gmail.com, call",
        "0151 234",
        "5678",
        "cheers, Marek",
    ]
    once = said(fast, *texts)
    assert said(fast, *once) == once


def test_a_number_that_is_taken_is_not_given_again(fast: Scrubber) -> None:
    assert said(fast, "<PERSON_1> wrote", "ask Anna Kowalska") == ["<PERSON_1> wrote", "ask <PERSON_2>"]


def test_spans_lie_in_their_own_texts(fast: Scrubber) -> None:
    texts = ["my mail is jane.doe", "@gmail.com"]
    results = fast.scrub(texts, conversations=[1, 1])
    assert [[t[s.start : s.end] for s in r.spans] for t, r in zip(texts, results, strict=True)] == [
        ["jane.doe"],
        ["@gmail.com"],
    ]


def test_a_seam_that_cannot_be_read_costs_both_sides(fast: Scrubber, monkeypatch: pytest.MonkeyPatch) -> None:
    find = NameRecognizer.find_alone

    def fail(self: NameRecognizer, glance: object) -> object:
        if "left is right" in glance.text:  # type: ignore[attr-defined]
            raise ValueError
        return find(self, glance)  # type: ignore[arg-type]

    monkeypatch.setattr(NameRecognizer, "find_alone", fail)
    assert said(fast, "fine", "left is", "right", "fine") == ["fine", FAILED, FAILED, "fine"]


def test_one_conversation_a_text_is_needed(fast: Scrubber) -> None:
    with pytest.raises(UsageError, match="conversations"):
        fast.scrub(["a", "b"], conversations=["c"])


@pytest.mark.parametrize("text", ["@" * 20_000, "1 " * 20_000, "", "\ud800", "a." * 20_000, "<PERSON_1>" * 5_000])
def test_hostile_neighbours_are_handled(fast: Scrubber, text: str) -> None:
    assert len(said(fast, text, text, text)) == 3

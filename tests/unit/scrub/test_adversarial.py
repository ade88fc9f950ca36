"""Disguises that are seen through, and texts made to break or to stall a scrubber."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle

import pytest

from privacy_analytics.scrub import Scrubber, Span
from privacy_analytics.scrub.recognizers import Glance, chat_recognizers

FAST = Scrubber("fast")
RECOGNIZERS = chat_recognizers()

SECRETS = {
    "e-mail": "jane.doe84@example.com",
    "phone": "+49 151 23456789",
    "card": "4111 1111 1111 1111",
    "SSN": "078-05-1120",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "IP": "192.168.178.20",
    "API key": "sk-proj-abcdef1234567890abcd",
    "home path": "/Users/janedoe7",
}


def _each(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(map(change, text))


def _between(*marks: str) -> Callable[[str], str]:
    """A mark behind every character, the last one, too."""
    return lambda text: "".join(char + mark for char, mark in zip(text, cycle(marks), strict=False))


def _alphabets(*firsts: tuple[str, int]) -> Callable[[str], str]:
    """Characters of ASCII ranges moved to where another alphabet begins: ("az", 0x1D41A)."""

    def change(char: str) -> str:
        for (low, high), first in firsts:
            if low <= char <= high:
                return chr(first + ord(char) - ord(low))
        return char

    return _each(change)


_CYRILLIC = dict(zip("aceijopsxyABCEHIKMOPTX", "асеіјорѕхуАВСЕНІКМОРТХ", strict=True))
_GREEK = dict(zip("iovpABEHIKMNOPTXYZ", "ιονρΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))

DISGUISES: dict[str, Callable[[str], str]] = {
    "zero width": _between("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"),
    "soft hyphens": _between("\u00ad"),
    "bidi controls": lambda text: "\u202a" + _between("\u200e", "\u2066", "\u2069", "\u061c")(text) + "\u202c",
    "variation selectors": _between("\ufe0f", "\U000e0101"),
    "tags": _between("\U000e0061", "\U000e007f"),
    "Cyrillic, Arabic digits": lambda text: _alphabets(("09", 0x660))(_each(lambda c: _CYRILLIC.get(c, c))(text)),
    "Greek, Devanagari digits": lambda text: _alphabets(("09", 0x966))(_each(lambda c: _GREEK.get(c, c))(text)),
    "full width": _alphabets(("!~", 0xFF01), ("  ", 0x3000)),
    "mathematical": _alphabets(("az", 0x1D41A), ("AZ", 0x1D400), ("09", 0x1D7CE), ("..", 0x2024)),
    "in circles": _alphabets(("az", 0x24D0), ("AZ", 0x24B6), ("19", 0x2460), ("00", 0x24EA)),
    "stacked marks": _between("\u0301\u0334\u0327", "\u0336\u0489"),
    "percent-encoded": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "percent-encoded twice": lambda text: "".join(f"%25{ord(char):02x}" for char in text),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "backslash u": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "odd signs": lambda text: text.translate(str.maketrans(" .-@/", "\u2007。‑﹫∕")),
}


def survivors(text: str, secret: str, spans: Iterable[Span]) -> str:
    """Letters and digits of the secret that stand in no span."""
    start = text.index(secret)
    masked = {at for span in spans for at in range(span.start, span.end)}
    left = (text[at] for at in range(start, start + len(secret)) if at not in masked)
    return "".join(char for char in left if unicodedata.normalize("NFKC", char).isalnum())


def _own_part(hidden: str, disguise: str) -> str:
    """Without the folder of all homes, which is no secret."""
    return hidden.removeprefix(DISGUISES[disguise]("/Users/").removesuffix("\u202c"))


def _messages(disguise: str) -> Iterator[tuple[str, str]]:
    for secret in SECRETS.values():
        hidden = DISGUISES[disguise](secret)
        yield f"so {hidden} ok", hidden


@pytest.mark.parametrize("kind", SECRETS)
def test_an_undisguised_secret_is_masked_and_its_neighbours_stay(kind: str) -> None:
    (result,) = FAST.scrub([f"so {SECRETS[kind]} ok"])
    assert re.fullmatch(r"so (/Users/)?<[A-Z_]+> ok", result.text)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_hides_a_secret_from_the_rules_and_an_unmasked_one_is_noticed(disguise: str) -> None:
    hidden_from_rules = 0
    for text, hidden in _messages(disguise):
        assert survivors(text, hidden, [])
        glance = Glance.of(text)
        hidden_from_rules += bool(survivors(text, hidden, [s for each in RECOGNIZERS for s in each.find(glance)]))
    assert hidden_from_rules >= len(SECRETS) / 2


@pytest.mark.parametrize("tier", ["fast", "standard"])
def test_no_disguise_saves_a_secret(tier: str) -> None:
    assert len(DISGUISES) >= 12
    cases = [(disguise, *message) for disguise in DISGUISES for message in _messages(disguise)]
    scrubber = FAST if tier == "fast" else Scrubber("standard")
    results = scrubber.scrub([text for _, text, _ in cases])
    leaks = [
        (disguise, kind, left)
        for (disguise, text, hidden), kind, result in zip(cases, cycle(SECRETS), results, strict=False)
        if (left := survivors(text, _own_part(hidden, disguise), result.spans))
    ]
    assert leaks == []
    assert all(r.text.startswith("so ") and r.text.endswith(" ok") and not r.failed for r in results)


HOSTILE = {
    "empty": "",
    "spaces": " \t\n\u2003\u2028" * 10_000,
    "NUL": "\0" * 50_000,
    "lone surrogates": "\ud800\udfff\udbff" * 10_000,
    "at signs": "@" * 100_000,
    "one word": "a" * 50_000,
    "digits": "1" * 50_000,
    "marks": "a" + "\u0301\u0323" * 25_000,
    "invisible": "\u200b" * 50_000,
    "escapes": "%25" * 20_000 + "&amp;" * 10_000 + "\\" * 20_000,
    "one ligature": "\ufdfa" * 3_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_passes_behind_a_hostile_text(kind: str) -> None:
    plain, signed = FAST.scrub([HOSTILE[kind], f"{HOSTILE[kind]} {SECRETS['e-mail']}"])
    assert not plain.failed
    assert signed.text == f"{HOSTILE[kind]} <EMAIL>"


def test_the_standard_tier_reads_50_kb_to_their_end_and_takes_hostile_texts() -> None:
    """50 kB, not 5 MB, which take it minutes."""
    long = "please turn the reverb down " * 1_800
    texts = [long, *(text[:300] for text in HOSTILE.values())]
    plain, *hostile = Scrubber("standard").scrub([f"{text} {SECRETS['e-mail']}" for text in texts])
    assert plain.text == f"{long} <EMAIL>"
    assert all(result.text.endswith("<EMAIL>") and not result.failed for result in hostile)


@pytest.mark.slow
def test_a_message_of_5_mb_is_read_to_its_end() -> None:
    """Words, one endless word, one endless number, and what looks like parts of everything."""
    draw = random.Random(5)
    text = " ".join(
        [
            " ".join(
                draw.choices(["please", "turn", "the", "reverb", "down", "a", "little", "so,", "maybe"], k=200_000)
            ),
            "my name is Anna Kowalska",
            "w" * 3_850_000,
            "7" * 100_000,
            "".join(draw.choices("ab1@./-_ :é\n", k=50_000)),
            SECRETS["e-mail"],
        ]
    )
    assert len(text) > 5_000_000
    (result,) = FAST.scrub([text])
    assert result.text.endswith("<EMAIL>")
    assert not result.failed
    assert "my name is <PERSON> www" in result.text

"""All recognizers together: what they must find, and what they must leave. Each alone: recognizers/."""

from __future__ import annotations

import pytest
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

from privacy_analytics.scrub import Scrubber
from privacy_analytics.scrub.recognizers import Glance, chat_recognizers, find_all

FAST = Scrubber("fast")

FOUND = {
    "EMAIL": [
        "jane.doe+studio@example.com",
        "jane%40example.com",
        "jane at gmail dot com",
        "jane.doe [at] example [dot] co [dot] uk",
        "jane(at)posteo.de",
        "JANE@EXAMPLE.ORG",
    ],
    "PHONE": [
        "+49 151 23456789",
        "+1 (415) 555-0132",
        "(415) 555-0132",
        "415.555.0132",
        "07911 123456",
        "020 7946 0958",
        "06 12 34 56 78",
        "0049 151 23456789",
        "+44 (0)20 7946 0958",
    ],
    "CREDIT_CARD": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "SSN": ["078-05-1120"],
    "HANDLE": ["@janebeats", "@jane.beats", "jane#1234", "@90sjane"],
    "API_KEY": [
        "sk-proj-abcdef1234567890abcd",
        "sk-live-9f3ac1",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
    "LICENSE_KEY": ["AB12-CD34-EF56-GH78", "a1b2-c3d4-e5f6-g7h8", "XFER-2K9D-88QP-LM3N"],
    "DEVICE_ID": ["550e8400-e29b-41d4-a716-446655440000"],
    "MAC": ["00:1A:2B:3C:4D:5E"],
    "IP": ["192.168.178.20", "2001:db8::8a2e:370:7334"],
    "HOSTNAME": ["janes-macbook-pro.local", "janes-imac", "DESKTOP-4F9K2LM"],
    "URL": ["soundcloud.com/janebeats", "https://www.instagram.com/jane", "janedoe.bandcamp.com"],
    "ADDRESS": [
        "742 Evergreen Road, Springfield, IL 62704",
        "Hauptstraße 12, 10115 Berlin",
        "P.O. Box 123",
        "SW1A 1AA",
    ],
    "ORDER_ID": ["INV-2024-0042"],
}
"""Value by type; each is masked entirely, alone and inside a sentence."""

CUED = [
    ("/Users%2Fjane%2FMusic", "jane", "USERNAME"),
    ("i live in leeds", "leeds", "LOCATION"),
    ("I live in New York", "New York", "LOCATION"),
    ("my name is dario kovačević but", "dario kovačević", "PERSON"),
    ("I'm Jane from Leeds", "Jane", "PERSON"),
    ("cheers, Torben", "Torben", "PERSON"),
    ("thanks,\nAnna", "Anna", "PERSON"),
    ("tell kim i said hi", "kim", "PERSON"),
    ("dr Bell said so", "dr Bell", "PERSON"),
    ("Lead Vox - Anna", "Anna", "PERSON"),
    ("my drummer Tom is late", "Tom", "PERSON"),
]

CLEAN = """128 bpm in C#m7|target -14 LUFS|Serum 2 crashes|v1.36|48000 Hz|add a riser @ 3:20|@120bpm|4/4 time|12:30:45
version 11.3.20 build 7|version 11.3.20.4|use the preset Bass Massive Wobble|boost 250 500 1000 hz|48000 44100 96000
error 0x80070057|crash at 0x00007fff5fbff8c0|F#m Dmaj7 A E/G#|bars 16 32 48 64|mark the beat|will the max gain help
add grace notes|rich low end|the rose preset|sidechain ratio 4:1 attack 10ms|tr-808 and tb-303|the tom is loud
high pass: 200hz|user interface is slow|the password is wrong|order the tracks by name|i like how massive sounds
thanks ableton|take#0001|01.02.2024|2023-11-21|ratio 1.618033988|youtube.com/watch?v=dQw4w9WgXcQ|call me later
i live in ableton all day|it's fine, thanks|tell me more|EQ at 100 200 400 800|something like adele|an anna type beat
std::vector<int>|/Users/Shared/Presets|127.0.0.1|User: how do i bounce|in case 48000 is better|4294967295""".replace(
    "\n", "|"
).split("|")


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in FOUND.items() for value in values])
def test_a_value_is_masked_whole_alone_and_in_a_sentence(kind: str, value: str) -> None:
    for before, after in (("", ""), ("so here it is, ", " ok?"), ("(", ")")):
        (result,) = FAST.scrub([before + value + after])
        assert result.text == f"{before}<{kind}>{after}"


@pytest.mark.parametrize(("text", "value", "kind"), CUED)
def test_after_a_cue_only_the_value_is_masked(text: str, value: str, kind: str) -> None:
    (result,) = FAST.scrub([text])
    assert f"<{kind}>" in result.text
    assert value not in result.text
    assert text.split(value, maxsplit=1)[0] == result.text.split("<")[0]


@pytest.mark.parametrize("text", CLEAN)
def test_gear_talk_is_left_alone(text: str) -> None:
    (result,) = FAST.scrub([text])
    assert result.text == text


def test_they_fit_into_a_presidio_analyzer() -> None:
    from privacy_analytics.scrub.presidio import TierEngine

    registry = RecognizerRegistry(recognizers=chat_recognizers(), supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=TierEngine("fast"), supported_languages=["en"])
    found = analyzer.analyze("mail jane@example.com", language="en")
    assert ("EMAIL", 5, 21) in [(r.entity_type, r.start, r.end) for r in found]


def test_in_one_go_they_find_what_each_finds_alone() -> None:
    text = "; ".join(f"my name is Anna Bell, {value}" for values in FOUND.values() for value in values)
    alone = [span for each in chat_recognizers() for span in each.find(Glance.of(text))]
    assert set(find_all([Glance.of(text)])[0]) == set(alone)
    assert {span.type for span in alone} >= {"PERSON", *FOUND}

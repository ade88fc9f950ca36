"""What holds for every text: masked once is masked for good, each text by itself, and a mask says only its type."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy_analytics.scrub import Scrubbed, Scrubber
from privacy_analytics.scrub.normalize import normalize
from privacy_analytics.scrub.recognizers import chat_recognizers
from privacy_analytics.scrub.spans import Span

FAST = Scrubber("fast")


@pytest.fixture(scope="module")
def standard() -> Scrubber:
    return Scrubber("standard")


def holds(examples: int) -> settings:
    """Deterministic, so that it fails for everybody or for nobody."""
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None)


_CHAT = """so the reverb on my lead vox is at 50% and i like it , . : - ( ) / bpm 128 v2.1 C#4 me too ok
Kick_01.wav name mail is from by user Anna anna Mark torvald live in Leeds café Анна <EMAIL> <PERSON> %40 &amp; @ #"""
WORDS = st.sampled_from(_CHAT.split())
IDENTIFIERS = st.sampled_from(
    [
        "jane.doe@example.com",
        "jane at gmail dot com",
        "+49 151 23456789",
        "4111 1111 1111 1111",
        "078-05-1120",
        "DE89 3704 0044 0532 0130 00",
        "192.168.178.20",
        "sk-proj-abcdef1234567890abcd",
        "/Users/janedoe/Music",
        "@janebeats",
        "jane#1234",
        "my name is Anna Kowalska",
        "password is hunter2!",
        "soundcloud.com/janebeats",
        "12 Evergreen Road, Springfield, IL 62704",
        "AB12-CD34-EF56-GH78",
    ]
)
DISGUISED = st.builds(
    lambda text, mark: mark.join(text), IDENTIFIERS, st.sampled_from(["\u200b", "\u00ad", "\u0336", "\ufe0f"])
) | st.builds(lambda text: "".join(f"%{byte:02X}" for byte in text.encode()), IDENTIFIERS)
PIECES = WORDS | IDENTIFIERS | DISGUISED | st.text(max_size=8)
MESSAGES = st.lists(PIECES, max_size=10).map(" ".join) | st.lists(PIECES, max_size=6).map("".join)
SIGNS = "%&\\#;xu0456789abcdefABCDEF@. \u0301\u0336\u200b\u00adаｅ①ﬁ\U000e0061\ud83d\ude00"
ESCAPED = st.lists(PIECES | st.text(SIGNS, max_size=12), max_size=6).map("".join)


@holds(250)
@given(MESSAGES)
def test_masking_twice_is_masking_once(text: str) -> None:
    (once,) = FAST.scrub([text])
    assert FAST.scrub([once.text])[0].text == once.text


@holds(80)
@given(MESSAGES)
@example("Mark jane.doe@example.com")
def test_so_it_is_with_the_name_model(standard: Scrubber, text: str) -> None:
    (once,) = standard.scrub([text])
    assert standard.scrub([once.text])[0].text == once.text


def _in_order(text: str, result: Scrubbed) -> bool:
    edges = [0, *(edge for span in result.spans for edge in (span.start, span.end)), len(text)]
    return edges == sorted(edges) and all(span.start < span.end for span in result.spans) and not result.failed


def _rebuilt(text: str, result: Scrubbed) -> str:
    """What stands in no span, and the labels of the spans."""
    ends = [0, *(span.end for span in result.spans)]
    between = [text[end : span.start] + f"<{span.type}>" for end, span in zip(ends, result.spans, strict=False)]
    return "".join([*between, text[ends[-1] :]])


@holds(250)
@given(MESSAGES)
def test_spans_lie_in_the_original_in_order_and_apart_and_nothing_else_changes(text: str) -> None:
    (result,) = FAST.scrub([text])
    assert _in_order(text, result)
    assert result.text == _rebuilt(text, result)


@holds(15)
@given(MESSAGES)
def test_so_do_those_of_the_name_model(standard: Scrubber, text: str) -> None:
    (result,) = standard.scrub([text])
    assert _in_order(text, result)
    assert result.text == _rebuilt(text, result)


@holds(60)
@given(st.lists(MESSAGES, max_size=6), st.randoms(use_true_random=False))
def test_scrubbing_commutes_with_batching_and_order(texts: list[str], draw: object) -> None:
    alone = {text: FAST.scrub([text])[0] for text in texts}
    order = draw.sample(texts, len(texts))  # type: ignore[attr-defined]
    assert FAST.scrub(order) == [alone[text] for text in order]


@holds(150)
@given(st.lists(WORDS.filter(lambda word: "<" not in word) | IDENTIFIERS, max_size=10).map(" ".join))
def test_a_mask_is_one_of_a_fixed_few(text: str) -> None:
    (result,) = FAST.scrub([text])
    types = {kind for recognizer in chat_recognizers() for kind in recognizer.supported_entities}
    assert set(re.findall(r"<[^<>]*>", result.text)) <= {f"<{kind}>" for kind in types}


_NAMES = st.text("abcdefghijklmnopqrstuvwxyz", max_size=20).map("zq{}".format)


@holds(150)
@given(st.lists(_NAMES, min_size=2, max_size=2))
def test_a_mask_does_not_show_how_long_or_what_it_hides(names: list[str]) -> None:
    for form in ("mail {}@example.com now", "in /Users/{}7/Music", "my password is {}7!x", "ask @{}9 there"):
        short, long = (FAST.scrub([form.format(name)])[0].text for name in names)
        assert short == long
        assert "<" in short


@holds(400)
@given(ESCAPED)
def test_every_place_of_the_copy_is_a_place_of_the_original_in_order(text: str) -> None:
    scanned = normalize(text)
    places = [scanned.original(Span(at, at + 1, "X", 1.0)) for at in range(len(scanned.text))]
    assert all(0 <= place.start < place.end <= len(text) for place in places)
    for left, right in pairwise(places):
        assert left.start <= right.start
        assert left.end <= right.end


@holds(400)
@given(ESCAPED)
@example(" \x08")
@example("\u200b ¼")
def test_nothing_between_two_places_of_the_copy_is_lost(text: str) -> None:
    """A span over the whole copy hides the whole text, where the copy has anything to hide."""
    scanned = normalize(text)
    if scanned.text:
        whole = scanned.original(Span(0, len(scanned.text), "X", 1.0))
        assert (whole.start, whole.end) == (0, len(text))


@holds(300)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="%&\\")))
def test_plain_ascii_is_scanned_as_it_is(text: str) -> None:
    assert normalize(text).text == text
    assert normalize(text).starts is None


@holds(300)
@given(ESCAPED)
def test_a_copy_without_signs_of_escapes_is_its_own_copy(text: str) -> None:
    copy = normalize(text).text
    if not re.search(r"[%&\\]", copy):
        assert normalize(copy).text == copy

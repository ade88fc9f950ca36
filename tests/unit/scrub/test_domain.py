from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest

from privacy_analytics.scrub import find_spans
from privacy_analytics.scrub.domain import survives
from privacy_analytics.scrub.lists import artists, key, products
from privacy_analytics.scrub.spans import Span


def asked(text: str, kind: str = "PERSON") -> bool:
    """What `survives` says of the part in brackets."""
    start, end = text.index("["), text.index("]") - 1
    return survives(text.replace("[", "").replace("]", ""), Span(start, end, kind, 0.8))


@pytest.mark.parametrize(
    "text",
    [
        "make it sound like [Ulrikke Vang]",
        "a [Metro Boomin] type beat",
        "in the style of [Tobi Halvorsen]",
        "[Marek]-style reverb",
        "i want [Osha] vibes",
        "a [Tobi] and Marek influence",
        "artists like Anna Vik, [Tobi Lund] and Marek",
        "my references are Bonobo, [Jodie Ware]",
        "[Anna Vik]'s snare sound",
        "a drop like [Tobi]",
    ],
)
def test_a_style_reference_survives_known_or_not(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "i love [Massive Attack]",
        "[Skrillex] is too loud",
        "[deadmau5] again",
        "[Billie] Eilish is quiet",
        "Dr. [Dre] drums",
        "[Max] for Live is slow",
        "the pad from [Omnisphere]",
        "[Buxom Einstein] VH4",
        "the [Max] patch",
        "loading [Saphira] makes it clip",
        "[Kroxilla] crashes",
        "the [ValvEQ] on it",
        "some [jaipongan] music",
        "[Lead Vox]",
        "[Hope] Outro v7",
        "[Grace] Pad",
    ],
)
def test_music_survives(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "my friend [Drake] sent it",
        "cheers, [Madonna]",
        "[Max] said it is fine",
        "i asked [Prince] about it",
        "Drums by [Marek]",
        "Lead Vox - [Anna]",
        "[Anna] lead vox take 3",
        "vox ([Ulrikke]) comp",
        "[Max] is late",
        "[Osagiede] is late",
        "loading [Jodie] in",
        "[McAllister] and co",
        "thanks, [Tom Jones]",
    ],
)
def test_somebody_is_masked_even_with_a_famous_name(text: str) -> None:
    assert not asked(text)


@pytest.mark.parametrize("text", ["[Chicago] house", "a [Miami] bass groove"])
def test_a_genre_is_no_place(text: str) -> None:
    assert asked(text, "LOCATION")


@pytest.mark.parametrize("text", ["i live in [Boston]", "i moved to [Chicago]"])
def test_a_town_named_as_a_band_is_a_place(text: str) -> None:
    assert not asked(text, "LOCATION")


def test_other_types_never_survive() -> None:
    assert not asked("[Serum]", "PASSWORD")


def test_spelling_of_a_product_does_not_matter() -> None:
    assert len({key(each) for each in ("Pro-Q3", "pro q 3", "PRO-Q 3", "Pro Q3")}) == 1
    assert key("Pro-Q 3") in products()
    assert key("Björk") in artists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Lead Vox - Anna", "Anna"),
        ("Anna lead vox take 3", "Anna"),
        ("gtr_tobias_02.wav", "tobias"),
        ("vox (ulrikke) comp", "ulrikke"),
        ("Drums by Marek", "Marek"),
    ],
)
def test_a_track_name_loses_its_person(text: str, name: str) -> None:
    (spans,) = find_spans([text], tier="fast")
    assert [text[start:end] for start, end, _ in spans] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "max the gain",
        "mark the bar",
        "rob the low end",
        "will it clip",
        "rename the track to Lead Vox",
        "open Serum, Diva and Vital in Bitwig",
        "A minor to C# minor at 122 bpm",
    ],
)
def test_studio_talk_is_left_alone(text: str) -> None:
    assert find_spans([text], tier="fast") == [[]]


def benchmark() -> ModuleType:
    file = Path(__file__).resolve().parents[3] / "benchmarks" / "scrub_domain.py"
    spec = importlib.util.spec_from_file_location("scrub_domain", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.SHARED.is_dir():
        pytest.skip("the shared vocabulary is not here")
    return module


def test_the_vocabulary_survives() -> None:
    """At most 1 % of sentences touched is promised of the whole; the sample is allowed 2 %."""
    module = benchmark()
    texts = random.Random(5).sample(list(module.clean(module.terms("plugins_wide.txt"))), 1_500)
    assert sum(map(bool, find_spans(texts, tier="fast"))) <= 30


def test_a_planted_person_does_not() -> None:
    """At least 95 % masked is promised of the whole; the sample is allowed 93 %."""
    module = benchmark()
    every = list(module.planted(module.terms("genres.txt"), module.forenames()))
    pairs = random.Random(5).sample(every, 1_000)
    found = find_spans([text for text, _ in pairs], tier="fast")
    assert sum(module.loses(*pair, spans) for pair, spans in zip(pairs, found, strict=True)) >= 930

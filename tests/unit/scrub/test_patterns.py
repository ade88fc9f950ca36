"""Every pattern by itself: its work is linear, and where it is tried hides nothing that it would find."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from privacy_analytics.scrub import Span
from privacy_analytics.scrub.normalize import normalize
from privacy_analytics.scrub.recognizers import Glance, Pattern, chat_recognizers
from privacy_analytics.scrub.recognizers.base import Index

RECOGNIZERS = chat_recognizers()
PATTERNS = [each for recognizer in RECOGNIZERS for each in recognizer.patterns]


def _sample(tree: Any, draw: random.Random) -> str:
    """A text that a parsed pattern matches, look-around aside; repetitions are short."""
    return "".join(_draw(kind, value, draw) for kind, value in tree)


_OF = {op.CATEGORY_DIGIT: "1", op.CATEGORY_WORD: "a", op.CATEGORY_SPACE: " "}


def _draw(kind: Any, value: Any, draw: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.IN:
        return "a" if value[0][0] is op.NEGATE else _draw(*draw.choice(value), draw)
    if kind is op.RANGE:
        return chr(draw.randint(*value))
    if kind is op.CATEGORY:
        return _OF.get(value, ".")
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        low, high, inner = value
        return "".join(_sample(inner, draw) for _ in range(max(low, min(high, draw.choice([1, 2, 4])))))
    if kind is op.BRANCH:
        return _sample(draw.choice(value[1]), draw)
    if kind is op.SUBPATTERN:
        return _sample(value[3], draw)
    if kind is op.ATOMIC_GROUP:
        return _sample(value, draw)
    return {op.NOT_LITERAL: "a", op.ANY: "a", op.GROUPREF: "-"}.get(kind, "")


SMALL, LARGE = 2_000, 8_000
TRIFLE = 0.01
"""Seconds: quadratic work on `LARGE` characters takes more."""
RATIO = 9
"""Linear work takes 4 times as long on 4 times the text, quadratic work 16 times. CPU time, the best of three."""


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
        if best < TRIFLE:
            break
    return best


def grows_too_fast(work: Callable[[str], object], probe: str, trifle: float = TRIFLE) -> bool:
    """Whether the work on a probe said over and over is more than linear in the length."""
    small, large = ((probe * (size // len(probe) + 1))[:size] for size in (SMALL, LARGE))
    taken = _seconds(lambda: work(large))
    return taken > trifle and taken > RATIO * _seconds(lambda: work(small))


def _probes(pattern: Pattern) -> set[str]:
    """Matches and near misses of one pattern, and plain runs."""
    tree = _parser.parse(pattern.regex.pattern, pattern.regex.flags)
    samples = [_sample(tree, random.Random(seed)) for seed in range(4)]
    return {"a", "1", "a-", "1.", "@", *(each for s in samples for each in (s, f"{s[:-1]}!") if each)}


def test_more_than_linear_work_is_noticed() -> None:
    quadratic = re.compile(r"a+b")
    assert grows_too_fast(quadratic.findall, "a")
    assert not grows_too_fast(re.compile(r"a{1,900}b").findall, "a")


def _tried(pattern: Pattern, glance: Glance) -> list[Span]:
    """What it finds in a text that says what it needs, suited or not."""
    heard = {0: sorted(pattern.need & glance.tokens) or [min(pattern.need, default="")]}
    patient = replace(pattern, least=0, shape=None, hint=None, also=frozenset())
    return [span for _, matches in patient.matches(heard, [glance]) for span in pattern.spans(matches)]


def test_the_work_of_every_pattern_is_linear_in_its_matches_and_near_misses() -> None:
    slow = [
        (each.type, each.regex.pattern[:40], probe)
        for each in PATTERNS
        for probe in sorted(_probes(each))
        if grows_too_fast(
            lambda text, each=each: _tried(each, Glance.of(f"{text} {min(each.need, default='')}")), probe
        )
    ]
    assert slow == []


@pytest.mark.parametrize("kind", ["anchored", "chunk"])
def test_where_a_pattern_is_looked_for_changes_the_time_and_not_what_is_found(kind: str) -> None:
    matches, differ = 0, set[str]()
    for each in (each for each in PATTERNS if getattr(each, kind)):
        tree = _parser.parse(each.regex.pattern, each.regex.flags)
        anywhere = replace(each, anchored=False, chunk=0)
        for seed in range(12):
            sample = _sample(tree, random.Random(seed))
            for text in (sample, f"so {sample}, {sample} (x_{sample}.", f"://{sample}\n{sample.title()}@"):
                glance = Glance.of(text)
                if not each.need.isdisjoint(glance.tokens):
                    scanned = _tried(anywhere, glance)
                    matches += len(scanned)
                    if _tried(each, glance) != scanned:
                        differ.add(each.regex.pattern)
    assert differ == set()
    assert matches > 500


def _likely(pattern: Pattern) -> Iterator[str]:
    """Texts with a match of a pattern, mostly, and a name behind it."""
    tree = _parser.parse(pattern.regex.pattern, pattern.regex.flags)
    for seed in range(25):
        sample = _sample(tree, random.Random(seed))
        yield from (sample, f"so {sample}, ok", f"{sample}Anna Kowalska", f"{sample.title()}Torvald, and i {sample}")


def test_what_a_pattern_looks_for_first_hides_nothing_that_it_would_find() -> None:
    """Digits, shapes, hints and other words only save time."""
    matches, hidden = 0, set[str]()
    for each in PATTERNS:
        patient = Index([replace(each, least=0, shape=None, hint=None, also=frozenset(), chunk=0)])
        hasty = Index([each])
        for glance in map(Glance.of, _likely(each)):
            [found] = patient.find([glance])
            matches += len(found)
            if hasty.find([glance]) != [found]:
                hidden.add(each.regex.pattern)
    assert hidden == set()
    assert matches > 5_000


@pytest.mark.parametrize("dash", ["-", " - ", "- ", " -", " "])
@pytest.mark.parametrize("digits", ["219 09 9417", "2l9 O9 94I7"])
def test_a_number_with_blanks_beside_its_dashes_is_found_whatever_is_looked_for_first(dash: str, digits: str) -> None:
    [pattern] = [each for each in PATTERNS if each.type == "SSN" and each.hint]
    text = f"my ssn is {digits.replace(' ', dash)}, ok"
    glance = Glance.of(text)
    [patient] = Index([replace(pattern, least=0, hint=None)]).find([glance])
    assert Index([pattern]).find([glance]) == [patient]


WHOLE = [
    *"aA1@.-_ \n/\\:#(<'\"=+%&\0ж中,~$",
    *("".join(pair) for pair in product("a1.-@ ", repeat=2) if pair[0] != pair[1]),
    *("\ud800", "\u0301", "\u200b", "a\u0301", "%25", "&#", "\\u00", "😀", "<EMAIL>", "<", "<PERSON_1> "),
    *("Anna ", "my name is Anna ", "anna said ", "Anna Bell-Smith ", "Jane von de la ", "Lead Vox - Anna ", "dr A. "),
    *("i live in Leeds ", "1 Rose Street ", "address is 1, ", "123 45 6789 ", "call 1 2 ", "key: x@a.b ", "1.1.1.1 "),
    *("-----BEGIN A KEY-----", "a at b dot ", "password is ", "/Users/", "::", "aa:", "a' ", "Aa "),
]


def _rules(text: str) -> list[Span]:
    glance = Glance.of(normalize(f"my name is key: jane@example.com {text} my name is key: jane@example.com").text)
    return [span for recognizer in RECOGNIZERS for span in recognizer.find(glance)]


def test_the_work_of_all_rules_together_is_linear() -> None:
    assert [probe for probe in WHOLE if grows_too_fast(_rules, probe, 0.06)] == []

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy_analytics.dp.questions import (
    KINDS,
    Adopters,
    Between,
    Bins,
    CountAccounts,
    CountRows,
    Groups,
    Histogram,
    Mean,
    Quantiles,
    Question,
    Retention,
    Sum,
    TopKeys,
    question_from,
)
from privacy_analytics.errors import UsageError

names = st.text(min_size=1, max_size=8)
finite = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)
rising = st.lists(finite, min_size=2, max_size=5, unique_by=float).map(lambda ends: tuple(sorted(ends)))
steps = st.one_of(
    names.map(lambda name: f"c{name}"),
    st.builds(Bins, names.map(lambda name: f"b{name}"), rising),
    st.builds(Groups, names.map(lambda name: f"g{name}"), st.dictionaries(names, st.just(()), min_size=1, max_size=2)),
    st.sampled_from(["hour", "day"]),
)
ranges = st.one_of(
    st.builds(Between, finite, st.none()), st.builds(Between, st.none(), finite), rising.map(lambda r: Between(*r[:2]))
)
filters = st.dictionaries(
    names, st.one_of(names, st.booleans(), st.lists(names, min_size=1, max_size=3), ranges), max_size=2
)
bound = st.none() | st.integers(1, 2**40)
counted = {"where": filters, "cohort": st.none() | st.builds(Adopters, names), "per_account": bound}
keyed = counted | {"by": st.none() | st.lists(steps, max_size=3, unique_by=lambda s: getattr(s, "column", s))}
measured = keyed | {"bounds": st.none() | rising.map(lambda ends: ends[:2])}
of = {"of": st.sampled_from(["mean", "total"])}
probs = st.lists(st.integers(1, 9999), min_size=1, max_size=4, unique=True).map(
    lambda ps: [p / 10_000 for p in sorted(ps)]
)
KIND: dict[type[Question], st.SearchStrategy[Any]] = {
    CountAccounts: st.builds(CountAccounts, names, **keyed),
    CountRows: st.builds(CountRows, names, per_cell=bound, **keyed),
    Sum: st.builds(Sum, names, names, **measured),
    Mean: st.builds(Mean, names, names, **of, **measured),
    Quantiles: st.builds(Quantiles, names, names, probs, candidates=st.none() | rising, **of, **measured),
    Histogram: st.builds(Histogram, names, st.just("its own"), rising, **of, **measured),
    Retention: st.builds(
        Retention, names, months=st.integers(2, 12), cohort_by=st.sampled_from(["signup", "active"]), where=filters
    ),
    TopKeys: st.builds(
        TopKeys, names, names, words=st.integers(1, 4), top=st.integers(1, 10**6), where=filters,
        per_account=st.none() | st.integers(1, 100),
    ),
}  # fmt: skip


def test_every_kind_is_tried_here():
    assert set(KIND) == set(KINDS.values())
    assert all(name == kind.kind for name, kind in KINDS.items())


@pytest.mark.parametrize("kind", KIND, ids=lambda kind: kind.kind)
def test_a_question_survives_json(kind: type[Question]):
    @given(KIND[kind])
    def survives(question: Question) -> None:
        text = json.dumps(question.canonical(), allow_nan=False)
        again = question_from(json.loads(text))
        assert again == question
        assert hash(again) == hash(question)
        assert json.dumps(again.canonical()) == text

    survives()


def test_equivalent_spellings_are_one_question():
    one = CountAccounts("events", by="os", where={"feature": "chat", "event": ["b", "a", "a"]})
    other = CountAccounts("events", by=["os"], where={"event": ("a", "b"), "feature": ["chat"]})
    assert one == other
    assert json.dumps(one.canonical()) == json.dumps(other.canonical())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Bins("minutes", [5, 15]), Bins("minutes", (5.0, 15.0))),
        (Groups("os", {"desktop": ["b", "a", "a"]}), Groups("os", {"desktop": ("a", "b")})),
        (Groups("os", {"apple": "macos"}), Groups("os", {"apple": ["macos"]})),
        (Groups("os", {"apple": "macos", "free": "linux"}), Groups("os", {"free": "linux", "apple": "macos"})),
        (Between(1, 2), Between(1.0, 2.0)),
        (Sum("s", "m", bounds=(0, 5)), Sum("s", "m", bounds=(0.0, 5.0))),
        (Mean("s", "rows"), Mean("s", "rows", of="total")),
        (CountRows("e", where={"flag": True}), CountRows("e", where={"flag": "true"})),
    ],
)
def test_ways_of_writing_numbers_flags_and_groups_are_one(one: Any, other: Any):
    assert one == other
    assert json.dumps(one.canonical()) == json.dumps(other.canonical())


def test_kinds_and_grains_are_different_questions():
    canonical = [each.canonical() for each in (CountAccounts("events"), CountRows("events"), Retention("events"))]
    assert canonical[0] != canonical[1] != canonical[2] != canonical[0]
    assert CountAccounts("events", by=["os", "day"]).at("week") == CountAccounts("events", by=["os", "week"])


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.nan, True, "3"])
@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("per_account", lambda bound: CountAccounts("events", per_account=bound)),
        ("per_cell", lambda bound: CountRows("events", per_cell=bound)),
        ("months", lambda bound: Retention(months=bound)),
        ("words", lambda bound: TopKeys("messages", "content", words=bound)),
        ("top", lambda bound: TopKeys("messages", "content", top=bound)),
    ],
)
def test_a_bound_is_a_whole_number(name: str, ask: Callable[[Any], Question], wrong: Any):
    with pytest.raises(UsageError, match=f"{name} is a whole number"):
        ask(wrong)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ({"by": ["os", "os"]}, "same column twice"),
        ({"by": ["os", Groups("os", {"a": "b"})]}, "same column twice"),
        ({"by": ["day", "week"]}, "by day or by week"),
        ({"by": ["month", "day"]}, "by day or by week"),
        ({"where": {"os": []}}, "names no key"),
        ({"by": [3]}, "names and keys are text"),
        ({"by": [["os"]]}, "names and keys are text"),
        ({"where": {"os": [3]}}, "names and keys are text"),
        ({"cohort": "chat"}, "Adopters"),
    ],
)
def test_what_is_no_question_is_refused_with_the_reason(shape: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        CountAccounts("events", **shape)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: Sum("s", "m", bounds=(5, 5)), "low below high"),
        (lambda: Sum("s", "m", bounds=(1, 2, 3)), "low below high"),
        (lambda: Mean("s", "m", bounds=(0, math.inf)), "finite"),
        (lambda: Mean("s", "m", bounds=(math.nan, 1)), "finite"),
        (lambda: Mean("s", "m", bounds=(0, 2**53)), "finite"),
        (lambda: Mean("s", "m", of="median"), '"mean" or its "total"'),
        (lambda: Mean("s", 5), "a column is text"),
        (lambda: Quantiles("s", "m", []), "rise strictly"),
        (lambda: Quantiles("s", "m", [0.9, 0.5]), "rise strictly"),
        (lambda: Quantiles("s", "m", [0, 0.5]), "above 0"),
        (lambda: Quantiles("s", "m", [1 / 3]), "four decimals"),
        (lambda: Quantiles("s", "m", [0.5], candidates=[1]), "at least two"),
        (lambda: Quantiles("s", "m", [0.5], candidates=[2, 1]), "rise strictly"),
        (lambda: Histogram("s", "m", []), "at least one"),
        (lambda: Histogram("s", "m", [3, 3]), "rise strictly"),
        (lambda: Histogram("s", "m", [1], by=Bins("m", [1])), "its own column"),
        (lambda: Retention(months=13), "2 to 12 months"),
        (lambda: Retention(cohort_by="birth"), "cohort_by"),
        (lambda: Retention(by="os"), "no `by`"),
        (lambda: Retention(cohort=Adopters("chat")), "no `by` or `cohort`"),
        (lambda: TopKeys("m", "content", words=5), "1 to 4 words"),
        (lambda: TopKeys("m", "content", by="role"), "no `by`"),
        (lambda: TopKeys("m", "content", per_account=101), "at most 100"),
        (lambda: Bins("m", [1, math.nan]), "finite"),
        (lambda: Bins("m", [10**400]), "finite"),
        (lambda: Bins("m", [True]), "finite"),
        (lambda: Groups("os", {}), "Groups name each key once"),
        (lambda: Groups("os", {"a": ["x"], "b": ["x"]}), "Groups name each key once"),
        (lambda: Groups("os", {"a": [5]}), "text"),
        (Between, "one end alone"),
        (lambda: Between(3, 3), "low end below"),
        (lambda: Between("a", None), "finite"),
        (lambda: Adopters(5), "a cohort's key is text"),
    ],
)
def test_what_a_kind_or_a_step_cannot_be_is_refused_with_the_reason(ask: Callable[[], Any], says: str):
    with pytest.raises(UsageError, match=says):
        ask()


RAW = CountAccounts("events").canonical()


@pytest.mark.parametrize(
    "raw",
    [
        "count_accounts",
        ["count_accounts"],
        None,
        {},
        {"kind": "rows_please", "table": "events"},
        {"kind": ["count_accounts"], "table": "events"},
        {"kind": "count_accounts"},
        RAW | {"table": ["events"]},
        RAW | {"secret": 1},
        RAW | {"per_account": math.nan},
        RAW | {"by": 5},
        RAW | {"by": "os"},
        RAW | {"by": [5]},
        RAW | {"by": [None]},
        RAW | {"by": [{}]},
        RAW | {"by": [{"bins": "minutes"}]},
        RAW | {"by": [{"bins": "minutes", "edges": 5}]},
        RAW | {"by": [{"bins": "minutes", "edges": ["5"]}]},
        RAW | {"by": [{"bins": "minutes", "edges": [math.inf]}]},
        RAW | {"by": [{"bins": 5, "edges": [5]}]},
        RAW | {"by": [{"groups": "os"}]},
        RAW | {"by": [{"groups": "os", "of": 5}]},
        RAW | {"by": [{"groups": "os", "of": [["a"]]}]},
        RAW | {"by": [{"groups": "os", "of": [["a", 5]]}]},
        RAW | {"by": [{"groups": 5, "of": [["a", ["b"]]]}]},
        RAW | {"cohort": "chat"},
        RAW | {"cohort": {"feature": 5}},
        RAW | {"cohort": {"kind": "adopters"}},
        RAW | {"where": "os"},
        RAW | {"where": [["os"]]},
        RAW | {"where": [["os", 5]]},
        RAW | {"where": [["os", [["a"]]]]},
        RAW | {"where": [["minutes", {"low": 5, "above": 6}]]},
        RAW | {"where": [["minutes", {}]]},
        RAW | {"where": [["minutes", {"low": "5", "high": None}]]},
        {"kind": "sum", "table": "sessions"},
        {"kind": "sum", "table": "sessions", "column": "minutes", "bounds": [0]},
        {"kind": "sum", "table": "sessions", "column": "minutes", "bounds": 5},
        {"kind": "sum", "table": "sessions", "column": "minutes", "bounds": ["0", "5"]},
        {"kind": "mean", "table": "sessions", "column": "minutes", "of": ["mean"]},
        {"kind": "quantiles", "table": "sessions", "column": "minutes"},
        {"kind": "quantiles", "table": "sessions", "column": "minutes", "probs": 0.5},
        {"kind": "quantiles", "table": "sessions", "column": "minutes", "probs": ["0.5"]},
        {"kind": "quantiles", "table": "sessions", "column": "minutes", "probs": [0.5], "candidates": 3},
        {"kind": "histogram", "table": "sessions", "column": "minutes", "edges": 5},
        {"kind": "retention", "table": "events", "months": "2"},
        {"kind": "retention", "table": "events", "by": ["os"]},
        {"kind": "top_keys", "table": "messages", "column": "content", "words": 10**400},
        {"kind": "top_keys", "table": "messages"},
    ],
)
def test_json_that_is_no_question_is_refused(raw: Any):
    with pytest.raises(UsageError):
        question_from(raw)

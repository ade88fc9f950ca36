"""One account more or less: what may change is the noised vector, by no more than was priced. Nothing else does.

Through the engine and the answer, over every kind of question, with rows made to disturb.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics import contracts, workspace
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp import mechanisms, ranks
from privacy_analytics.dp.answering import Drawn, answer
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import (
    KINDS,
    Adopters,
    Between,
    Bins,
    Bounded,
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
)
from privacy_analytics.dp.questions.bounded import root
from privacy_analytics.dp.selection import WEIGHT, weight
from privacy_analytics.resolve import months_of, resolve
from privacy_analytics.snapshots import Snapshot

MONTHS = ("2026-09", "2026-10")
ASKED: dict[str, Question] = {
    "everybody": CountAccounts("events"),
    "features": CountAccounts("events", by="feature", per_account=2),
    "hours": CountAccounts("events", by=["os", "hour"], per_account=3),
    "days": CountAccounts("events", by="day"),
    "groups": CountAccounts(
        "events", by=Groups("os", {"desktop": ["macos", "linux"]}), where={"duration_ms": Between(0, 5)}
    ),
    "plans": CountAccounts("accounts", by="plan_tier", where={"opted_out": False}),
    "rows": CountRows("events", by="week", per_cell=3, cohort=Adopters("chat")),
    "bins": CountRows("sessions", by=Bins("minutes", [5, 60]), per_account=2),
    "sum": Sum("sessions", "minutes", by="os", bounds=(0, 300)),
    "sum of rows": Sum("events", "duration_ms"),
    "mean": Mean("sessions", "minutes", by="os", per_account=1),
    "mean rows": Mean("events", "rows", bounds=(0, 5)),
    "mean total": Mean("sessions", "minutes", of="total"),
    "quantiles": Quantiles("sessions", "minutes", [0.5, 0.9], by="os"),
    "histogram": Histogram("sessions", "minutes", [5, 15], by="os"),
    "retention": Retention(),
    "retention active": Retention(cohort_by="active", per_account=2),
}
PHRASES = TopKeys("messages", "content", where={"role": "user"}, per_account=3)
SCHEMAS: dict[str, dict[str, Any]] = {
    "events": {"feature": pl.String, "os": pl.String, "duration_ms": pl.Float64},
    "sessions": {"os": pl.String, "minutes": pl.Float64},
    "messages": {"role": pl.String, "content": pl.String},
    "accounts": {"plan_tier": pl.String, "opted_out": pl.Boolean, "gpc": pl.Boolean},
}
TIMES = {"events": "occurred_at", "sessions": "started_at", "messages": "sent_at", "accounts": "created_at"}
Account = dict[str, list[tuple[Any, ...]]]
"""Rows by table: month (0 or 1), day, time, then the columns of SCHEMAS."""


def frame(table: str, accounts: dict[int, Account]) -> pl.DataFrame:
    """The rows of one table as a lake stores them."""
    rows = [
        (
            f"{who:032x}",
            who * 0x9E3779B97F4A7C15 % 2**63,
            MONTHS[at],
            date.fromisoformat(f"{MONTHS[at]}-{day:02}"),
            *rest,
        )
        for who, account in accounts.items()
        for at, day, *rest in account.get(table, [])
    ]
    time = {TIMES[table]: pl.Datetime("us", "UTC")}
    schema = {"account": pl.String, "account_hash": pl.Int64, "month": pl.String, "day": pl.Date, **time}
    return pl.DataFrame(rows, schema=schema | SCHEMAS[table], orient="row")


def shuffled(rows: pl.DataFrame, order: int, chunks: int) -> pl.DataFrame:
    rows = rows.sample(fraction=1, shuffle=True, seed=order)
    size = max(1, math.ceil(len(rows) / chunks))
    return pl.concat([rows[at : at + size] for at in range(0, len(rows), size)] or [rows], rechunk=False)


class Memory:
    """A lake of these accounts."""

    def __init__(self, accounts: dict[int, Account]) -> None:
        self.tables = {name: frame(name, accounts) for name in SCHEMAS}

    def scan(self, table: str, month: str, batches: Any) -> pl.LazyFrame:
        return self.tables[table].lazy().filter(pl.col("month") == month)

    def accounts(self, batches: Any) -> pl.LazyFrame:
        return self.tables["accounts"].lazy()

    def batches(self) -> tuple[str, ...]:
        return ()

    def held(self, batches: Any) -> pl.LazyFrame:
        return pl.LazyFrame(schema={"account": pl.String})

    def marked(self, *marks: str) -> pl.LazyFrame:
        return pl.LazyFrame(schema={"account": pl.String})

    def rows(self, table: str, months: Any) -> int:
        return self.tables[table].height

    def in_spans(self, of: int) -> Iterator[Memory]:
        assert of == 1, "these accounts are few"
        yield self


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> dict[str, contracts.Table]:
    made = workspace.create(
        tmp_path_factory.mktemp("w") / "w",
        product="P",
        contact_email="a@b.example",
        timezone="UTC",
        posted=date(2026, 1, 1),
    )
    return contracts.tables(made)


def bounded_of(question: Question, contract: Any) -> Bounded:
    return resolve(question, contract, purpose="exploration", month="2026-10", snapshot="s")


def engine_of(lake: Memory, bounded: Bounded, contract: Any) -> LakeEngine:
    read = [Snapshot("s", month, ()) for month in months_of(bounded.question, "2026-10")]
    return LakeEngine(lake, contract, read, b"salt", "America/New_York")  # type: ignore[arg-type]


@contextmanager
def no_noise() -> Iterator[list[tuple[list[int], float]]]:
    """What would have been noised, and at which L2 bound it was priced; the answer is drawn from zeros."""
    seen: list[tuple[list[int], float]] = []

    def add_noise(vector: Any, *, l2: float, **_: Any) -> list[int]:
        seen.append((list(map(int, vector)), l2))
        return [0] * len(vector)

    def pick(counts: Any, places: Any, picks: Any, **_: Any) -> list[ranks.Picked]:
        seen.append((counts.ravel().tolist(), picks.factor * root(picks.per_account)))
        return [ranks.Picked(0, 1.0, (ranks.Quantile(0, 0, 0),) * len(picks.probs)) for _ in counts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mechanisms, "add_noise", add_noise)
        patch.setattr(ranks, "pick", pick)
        yield seen


def drawn(lake: Memory | dict[int, Account], bounded: Bounded, contract: Any) -> tuple[list[int], float, Drawn]:
    """The vector before noise, its priced bound, and the answer."""
    stored = lake if isinstance(lake, Memory) else Memory(lake)
    with no_noise() as seen:
        answered = answer(bounded, Charge(10**8, 10**8), engine_of(stored, bounded, contract), 20)
    ((vector, l2),) = seen
    return vector, l2, answered


numbers = st.one_of(
    st.none(), st.floats(-10, 300),
    st.sampled_from([math.nan, math.inf, -math.inf, 2.0**63, -(2.0**63), 1e308, 5e-324, 0.0, -0.0, 0.005]),
)  # fmt: skip
systems = st.sampled_from(["macos", "linux", "windows", "other", "unlisted", "", None])
features = st.sampled_from(["chat", "mix_assist", "chord_helper", "lyric_ideas", "canary \x00", None])
hours = st.integers(0, 23).map(lambda hour: datetime(2026, 10, 3, hour, 59, tzinfo=UTC))
came = st.sampled_from(
    [None, *(datetime(*day, 5, tzinfo=UTC) for day in [(1, 1, 1), (2026, 9, 1), (2026, 9, 30), (9999, 12, 31)])]
)
texts = st.sampled_from(
    [None, "", "\x00", "how do i pan", "mix. my <PERSON_1> mix", "ß\ud7ff 12 ok", "a " * 50, "x" * 5000]
)
dated = (st.integers(0, 1), st.integers(1, 30))
flags = st.sampled_from([True, False, None])
tiers = st.sampled_from(["free", "pro", "x", None])
accounts = st.fixed_dictionaries({
    "events": st.lists(st.tuples(*dated, hours, features, systems, numbers), max_size=8),
    "sessions": st.lists(st.tuples(*dated, hours, systems, numbers), max_size=8),
    "messages": st.lists(st.tuples(*dated, hours, st.sampled_from(["user", "assistant", None]), texts), max_size=5),
    "accounts": st.lists(st.tuples(*dated, came, tiers, flags, flags), max_size=1),
})  # fmt: skip
some = st.lists(accounts, max_size=2).map(lambda listed: dict(enumerate(listed)))
kinds = pytest.mark.parametrize("name", ASKED)


def test_every_kind_is_asked_here():
    assert {each.kind for each in (*ASKED.values(), PHRASES)} == set(KINDS)


@kinds
def test_an_account_adds_its_own_bounded_vector_and_nothing_else_changes(name: str, contract: Any):
    """The vector is a sum of vectors of one account each, every one within what is priced; so nobody's rows change
    what another account adds. Keys, their order, columns and types are the same, and nothing is ever raised.
    """
    bounded = bounded_of(ASKED[name], contract)

    @given(some, accounts)
    @settings(max_examples=12, deadline=None)
    def adds(others: dict[int, Account], more: Account) -> None:
        without, l2, before = drawn(others, bounded, contract)
        among, _, after = drawn({99: more, **others}, bounded, contract)
        alone, _, _ = drawn({99: more}, bounded, contract)
        assert among == [a + b for a, b in zip(without, alone, strict=True)]
        assert sum(each**2 for each in alone) <= Fraction(bounded.l2) ** 2
        assert l2 == bounded.sensitivity
        assert after == before  # from zeros: keys, order, mechanism

    adds()


@kinds
def test_neither_the_order_of_rows_nor_their_chunks_change_the_vector(name: str, contract: Any):
    bounded = bounded_of(ASKED[name], contract)

    @given(some, st.integers(1, 99), st.integers(1, 5))
    @settings(max_examples=6, deadline=None)
    def same(everybody: dict[int, Account], order: int, chunks: int) -> None:
        lake = Memory(everybody)
        before = drawn(lake, bounded, contract)
        lake.tables = {table: shuffled(rows, order, chunks) for table, rows in lake.tables.items()}
        assert drawn(lake, bounded, contract) == before

    same()


@pytest.mark.parametrize("name", ["retention", "retention active"])
def test_taking_away_one_month_of_an_account_moves_the_vector_by_no_more_than_is_priced(name: str, contract: Any):
    bounded = bounded_of(ASKED[name], contract)
    assert bounded.months == MONTHS

    @given(accounts, st.integers(0, 1))
    @settings(max_examples=25, deadline=None)
    def moves(account: Account, month: int) -> None:
        rest = {t: [row for row in rows if t == "accounts" or row[0] != month] for t, rows in account.items()}
        (whole, l2, _), (part, _, _) = (drawn({1: each}, bounded, contract) for each in (account, rest))
        assert sum((a - b) ** 2 for a, b in zip(whole, part, strict=True)) <= l2**2 == (2 * bounded.l2) ** 2

    moves()


def heavy() -> Account:
    """10^5 rows in each table, with whatever is extreme, many times the same."""
    extremes = [math.nan, math.inf, -math.inf, None, 2.0**63, -(2.0**63), 3.0, 3.0]
    at, when = range(100_000), datetime(2026, 10, 3, 5, tzinfo=UTC)
    system = ["macos", "linux", "windows", "unlisted", None]
    feature = ["chat", "mix_assist", "chord_helper", "lyric_ideas", None]
    return {
        "events": [(i % 2, i % 30 + 1, when, feature[i % 5], system[i % 5], extremes[i % 8]) for i in at],
        "sessions": [(i % 2, i % 30 + 1, when, system[i % 5], extremes[i % 8]) for i in at],
        "messages": [(1, 3, when, "user", f"word{i % 5000} said") for i in at],
        "accounts": [(0, 1, datetime(2026, 9, 2, 5, tzinfo=UTC), "free", False, None)],
    }


@pytest.fixture(scope="module")
def crowd() -> list[Memory]:
    """A heavy account alone, a plain one alone, and both."""
    one = (1, 4, datetime(2026, 10, 4, 5, tzinfo=UTC))
    plain: Account = {"events": [(*one, "chat", "macos", 3.0)], "sessions": [(*one, "linux", 9.0)]}
    huge = heavy()
    return [Memory({9: huge}), Memory({1: plain}), Memory({1: plain, 9: huge})]


@kinds
def test_an_account_of_a_hundred_thousand_rows_adds_no_more_than_its_bound(
    name: str, contract: Any, crowd: list[Memory]
):
    bounded = bounded_of(ASKED[name], contract)
    alone, without, among = (drawn(lake, bounded, contract)[0] for lake in crowd)
    assert among == [a + b for a, b in zip(without, alone, strict=True)]
    assert 0 < sum(each**2 for each in alone) <= Fraction(bounded.l2) ** 2


def test_an_account_of_a_hundred_thousand_messages_adds_one_accounts_weight(contract: Any, crowd: list[Memory]):
    bounded = bounded_of(PHRASES, contract)
    added = engine_of(crowd[0], bounded, contract).weights(bounded, frozenset({"said"}))
    assert list(added.values()) == [weight(3)] * 3


@given(some, accounts)
@settings(max_examples=40, deadline=None)
def test_an_account_adds_weights_of_the_norm_that_is_priced_to_phrases_and_changes_no_others(
    contract: Any, others: dict[int, Account], more: Account
):
    bounded = bounded_of(PHRASES, contract)
    known = frozenset({"pan", "ok"})
    lakes = (Memory(who) for who in (others, {99: more}, {99: more, **others}))
    engines = [engine_of(lake, bounded, contract) for lake in lakes]
    without, alone, among = (engine.weights(bounded, known) for engine in engines)
    assert among == {key: without.get(key, 0) + alone.get(key, 0) for key in {*without, *alone}}
    assert not known & set(among)
    assert set(alone.values()) <= {weight(len(alone) or 1)}
    assert len(alone) <= bounded.per_account
    assert sum(each**2 for each in alone.values()) <= WEIGHT**2
    keys = [*among, *known, "nobody said this"]
    before, added, after = (engine.counts(bounded, keys) for engine in engines)
    assert after.tolist() == (before + added).tolist()
    assert after.dtype == np.int64
    assert sum(added) <= bounded.per_account
    assert set(added.tolist()) <= {0, 1}

import hashlib
import math
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy_analytics.dp.bounding import contributions, met_a_bound, outside, summed
from privacy_analytics.dp.local import priority
from privacy_analytics.dp.questions import (
    Bounded,
    CountAccounts,
    CountRows,
    Histogram,
    Key,
    Mean,
    Quantiles,
    Question,
    Sum,
    Value,
)

KEYS = tuple(f"f{i}" for i in range(10))
FEATURE = Key("feature", tuple((key, key) for key in KEYS))
SALT = b"a public salt for tests"
ACCOUNTS, ROWS = CountAccounts("events", by="feature"), CountRows("events", by="feature")
BIG = 2**63 - 1
SCHEMA = {"account": pl.Int64, "account_hash": pl.Int64, "cell": pl.Int64, "number": pl.Float64}
MINUTES, TOTAL = Value("minutes", -500, 1000, 100), Value("minutes", -500, 1000, 100, total=(-1200, 2400))


def bounds(
    per_account: int = 3, per_cell: int = 1, question: Question = ACCOUNTS, keys: Any = (FEATURE,), **more: Any
) -> Bounded:
    return Bounded(question, keys, per_account, per_cell, "all", "2026-10.r0", **more)


MEASURED = {
    "sum": bounds(3, 2400, Sum("sessions", "minutes", by="feature"), value=TOTAL),
    "mean": bounds(3, 750, Mean("sessions", "minutes", by="feature"), value=MINUTES),
    "total": bounds(3, 1800, Mean("sessions", "minutes", by="feature", of="total"), value=TOTAL),
    "quantiles": bounds(3, 1, Quantiles("sessions", "minutes", [0.5], by="feature"), value=MINUTES, places=(0, 100)),
    "histogram": bounds(3, 1, Histogram("sessions", "minutes", [0, 1], by="feature"), value=TOTAL, places=(0, 100)),
}
KINDS = {"accounts": bounds(3, 1), "rows": bounds(3, 4, ROWS), **MEASURED}


@cache
def hashed_63(account: int) -> int:
    return int.from_bytes(hashlib.sha256(b"%d" % account).digest()[:8]) >> 1


def rows_of(*rows: tuple[int, int] | tuple[int, int, float | None]) -> pl.DataFrame:
    """Rows of (account, cell, number), the hash as an intake makes it."""
    hashed = [(account, hashed_63(account), cell, *number) for account, cell, *number in rows]
    return pl.DataFrame([row if len(row) == 4 else (*row, 1.0) for row in hashed], schema=SCHEMA, orient="row")


def bounded_rows(rows: pl.DataFrame, bounded: Bounded) -> pl.DataFrame:
    return contributions(nw.from_native(rows.lazy()), bounded, SALT).to_native().collect().sort("account", "cell")


def dropped(contributed: pl.DataFrame, bounded: Bounded) -> list[int]:
    return outside(nw.from_native(contributed.lazy()), bounded).to_native().collect()["account"].to_list()


def vector(contributed: pl.DataFrame) -> dict[tuple[int, int], tuple[int, int]]:
    """Sum and accounts by (cell, place)."""
    table = summed(nw.from_native(contributed.lazy())).to_native().collect()
    return {(cell, place): (n, accounts) for cell, place, n, accounts in table.iter_rows()}


def squares(contributed: pl.DataFrame, bounded: Bounded) -> dict[int, int]:
    """Squared norm of each account in Python's integers, with the coordinates that count it and that it met a bound."""
    total: dict[int, int] = {}
    for account, n in contributed.select("account", "n").iter_rows():
        total[account] = total.get(account, 0) + n**2 + bounded.counted**2
    met = contributed.filter(pl.col("beyond") > 0)["account"].unique().to_list()
    return {account: square + (bounded.clipped**2 if account in met else 0) for account, square in total.items()}


numbers = st.one_of(
    st.none(), st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 0.005, -0.005, 5.0, 10.0, float(BIG)]),
    st.floats(-20, 20).map(lambda x: round(x, 3)),
)  # fmt: skip
tables = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7), numbers), max_size=60)
limits = st.tuples(st.integers(1, 12), st.integers(1, 5))
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@given(table=tables)
@settings(max_examples=25, deadline=None)
def test_no_account_exceeds_its_norm_whatever_its_rows(kind: str, table: Any):
    contributed = bounded_rows(rows_of(*table), KINDS[kind])
    assert all(square <= KINDS[kind].l2 ** 2 for square in squares(contributed, KINDS[kind]).values())
    assert contributed.select("account", "cell").is_unique().all()
    assert dropped(contributed, KINDS[kind]) == []


@every_kind
@given(table=tables, more=tables)
@settings(max_examples=25, deadline=None)
def test_adding_an_account_leaves_every_other_accounts_contributions_as_they_were(kind: str, table: Any, more: Any):
    added = rows_of(*table, *((99, *row[1:]) for row in more))
    without, among = bounded_rows(rows_of(*table), KINDS[kind]), bounded_rows(added, KINDS[kind])
    assert among.filter(pl.col("account") != 99).equals(without)


@every_kind
@given(table=tables, random=st.randoms(use_true_random=False), size=st.integers(1, 7))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_rows_nor_their_chunks_matter(kind: str, table: Any, random: Any, size: int):
    shuffled = table.copy()
    random.shuffle(shuffled)
    chunked = pl.concat([rows_of(*shuffled[i : i + size]) for i in range(0, len(shuffled), size)] or [rows_of()])
    assert bounded_rows(chunked, KINDS[kind]).equals(bounded_rows(rows_of(*table), KINDS[kind]))


@given(tables, limits)
@example([(0, 0, 1.0), (0, 0, 1.0), (0, 1, 1.0)], (1, 5))
@settings(max_examples=60, deadline=None)
def test_an_account_keeps_as_many_cells_as_it_may_and_touches(table: Any, limit: tuple[int, int]):
    touched: dict[int, set[int]] = {}
    for account, cell, _ in table:
        touched.setdefault(account, set()).add(cell)
    contributed = bounded_rows(rows_of(*table), bounds(*limit))
    kept = dict(contributed.group_by("account").len().iter_rows())
    assert kept == {account: min(limit[0], len(cells)) for account, cells in touched.items()}
    cut = set(contributed.filter(pl.col("beyond") > 0)["account"])
    assert cut == {account for account, cells in touched.items() if len(cells) > limit[0]}


def steps_of(number: float | None, value: Value) -> int | None:
    """A number in whole steps, clamped; a half goes up. None where it is none."""
    if number is None or math.isnan(number):
        return None
    clamped = min(max(number, value.low / value.units), value.high / value.units)
    return min(max(math.floor(clamped * value.units + 0.5), value.low), value.high)


@pytest.mark.parametrize("kind", MEASURED)
@given(table=tables)
@settings(max_examples=25, deadline=None)
def test_an_account_is_summarised_to_its_own_clamped_sum_or_mean(kind: str, table: Any):
    """Against plain Python, cell by cell, for as many cells as there are."""
    bounded = replace(MEASURED[kind], per_account=10)
    value, question = bounded.value, bounded.question
    assert value is not None
    said: dict[tuple[int, int], list[int]] = {}
    for account, cell, number in table:
        if (steps := steps_of(number, value)) is not None:
            said.setdefault((account, cell), []).append(steps)
    low, high = value.span
    amounts = {
        who: min(max(sum(steps), low), high) if value.total else math.floor(sum(steps) / len(steps))
        for who, steps in said.items()
    }
    expected = [
        (*who, 1, amount) if isinstance(question, Quantiles | Histogram) else (*who, amount - bounded.centre, 0)
        for who, amount in sorted(amounts.items())
    ]
    assert bounded_rows(rows_of(*table), bounded).select("account", "cell", "n", "place").rows() == expected


@pytest.mark.parametrize(
    ("numbers", "met"),
    [([0.0, 9.99], 0), ([10.0, -5.0], 0), ([10.01], 1), ([-math.inf], 1), ([None, math.nan], 0), ([9.0] * 3, 1)],
)
def test_an_account_met_a_bound_where_a_number_or_its_total_is_beyond(numbers: list[float | None], met: int):
    contributed = bounded_rows(rows_of(*((1, 0, number) for number in numbers)), MEASURED["sum"])
    counted = met_a_bound(nw.from_native(contributed.lazy())).to_native().collect().item()
    assert counted == met


def test_whoever_met_several_bounds_met_one():
    rows = rows_of(*((1, cell, 99.0) for cell in range(6)), (2, 0, 99.0), (3, 0, 1.0))
    contributed = nw.from_native(bounded_rows(rows, MEASURED["sum"]).lazy())
    assert met_a_bound(contributed).to_native().collect().item() == 2


@every_kind
@pytest.mark.filterwarnings("ignore")
def test_duckdb_gives_the_same_integers(kind: str):
    @given(tables)
    @settings(max_examples=6, deadline=None)
    def same(table: Any) -> None:
        rows = rows_of(*table)
        with duckdb.connect() as connection:
            relation = nw.from_native(connection.from_arrow(rows.to_arrow())).lazy()
            theirs = summed(contributions(relation, KINDS[kind], SALT)).to_native().fetchall()
        assert {(cell, place): rest for cell, place, *rest in theirs} == {
            key: list(rest) for key, rest in vector(bounded_rows(rows, KINDS[kind])).items()
        }

    same()


def test_the_priority_is_even_over_keys():
    """10,000 accounts with all of 10 keys keep 3 each; nothing is random, 60 is far in the tail of chi-square (9)."""
    everyone = [(account, cell) for account in range(10_000) for cell in range(10)]
    kept = bounded_rows(rows_of(*everyone), bounds()).group_by("cell").len().sort("cell")["len"].to_list()
    assert sum(kept) == 30_000
    assert sum((count - 3000) ** 2 / 3000 for count in kept) < 60


def test_the_priority_differs_from_account_to_account():
    everyone = [(account, cell) for account in range(500) for cell in range(10)]
    kept = bounded_rows(rows_of(*everyone), bounds(per_account=3))
    choices = kept.group_by("account").agg(pl.col("cell").sort()).get_column("cell").to_list()
    assert len({tuple(choice) for choice in choices}) > 80  # of the 120 triples


def test_an_empty_table_gives_an_empty_vector():
    assert [vector(bounded_rows(rows_of(), bounded)) for bounded in KINDS.values()] == [{}] * len(KINDS)


@pytest.mark.parametrize(("kind", "n"), [("accounts", 1), ("rows", 4), ("sum", 2400), ("mean", 750), ("total", 1800)])
def test_one_account_with_a_hundred_thousand_rows_adds_its_bound_to_one_cell(kind: str, n: int):
    rows = rows_of((1, 3, 1e9)).select(pl.all().repeat_by(100_000).explode())
    assert bounded_rows(rows, KINDS[kind]).select("cell", "n").rows() == [(3, n)]


def test_without_keys_everybody_counts_in_one_cell():
    whole = bounds(per_account=1, question=CountAccounts("events"), keys=())
    assert vector(bounded_rows(rows_of((1, 0), (2, 0), (2, 0)), whole)) == {(0, 0): (2, 2)}


@pytest.mark.parametrize("extreme", [0, 1, 2**31 - 1, 2**62, BIG])
def test_any_hash_is_bounded(extreme: int):
    rows = rows_of(*((1, cell) for cell in range(10))).with_columns(account_hash=pl.lit(extreme, dtype=pl.Int64))
    assert bounded_rows(rows, bounds()).height == 3


def test_an_account_with_two_hashes_is_still_one_account():
    rows = pl.concat([rows_of((1, 1)), rows_of((1, 1)).with_columns(account_hash=pl.lit(5, dtype=pl.Int64))])
    assert bounded_rows(rows, bounds()).rows() == [(1, 1, 1, 0, 0)]


GOOD = [(1, 0, 1), (1, 1, 1)]


@pytest.mark.parametrize(
    "bad",
    [
        [(2, cell, 1) for cell in range(4)],
        [(2, 0, 2)],
        [(2, 0, -2)],
        [(2, 0, 1), (2, 0, 1)],
        [(2, 0, BIG), (2, 0, BIG), (2, 0, 2)],
        [(2, 0, 3_100_000_000)],
        [(2, 0, -(2**63))],
    ],
    ids=["cells", "rows", "negative", "twice", "wrapping sum", "wrapping square", "smallest"],
)
def test_the_last_look_drops_an_account_that_exceeds_its_bounds_and_no_other(bad: Any):
    schema = {"account": pl.Int64, "cell": pl.Int64, "n": pl.Int64}
    assert dropped(pl.DataFrame(GOOD + bad, schema=schema, orient="row"), bounds()) == [2]
    assert dropped(pl.DataFrame(GOOD, schema=schema, orient="row"), bounds()) == []


def test_the_priority_is_salted_and_below_a_prime():
    cells = np.arange(10)
    mine = priority(np.int64(BIG - 7), cells, SALT)
    assert ((mine >= 0) & (mine < 2**31 - 1)).all()
    assert len(set(mine.tolist())) == 10
    assert mine.tolist() != priority(np.int64(BIG - 7), cells, b"another").tolist()

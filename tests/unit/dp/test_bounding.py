from dataclasses import replace
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy_analytics.dp.bounding import cells_of, contributions, enforced, summed
from privacy_analytics.dp.questions import Bounded, CountAccounts, CountRows, Key

KEYS = tuple(f"f{i}" for i in range(10))
FEATURE = Key("feature", tuple((key, key) for key in KEYS))
SALT = b"a public salt for tests"
ACCOUNTS = CountAccounts("events", by="feature")
BIG = 2**63 - 1
SCHEMA = {"account": pl.String, "account_hash": pl.Int64, "feature": pl.String}


def bounds(per_account: int = 3, per_cell: int = 1, question: Any = ACCOUNTS, keys: Any = (FEATURE,)) -> Bounded:
    return Bounded(question, keys, per_account, per_cell, "all", "2026-10.r0")


def rows_of(*rows: tuple[int, str | None]) -> pl.DataFrame:
    """Rows of (account number, key); an account's hash is far from its number."""
    hashed = [(f"{account:032x}", account * 0x9E3779B97F4A7C15 % 2**63, key) for account, key in rows]
    return pl.DataFrame(hashed, schema=SCHEMA, orient="row")


def bounded_rows(rows: pl.DataFrame, bounded: Bounded) -> pl.DataFrame:
    cells = nw.from_native(pl.DataFrame(cells_of(bounded, SALT)).lazy())
    return contributions(nw.from_native(rows.lazy()), cells, bounded).to_native().collect().sort("account", "cell")


def vector(contributed: pl.DataFrame, bounded: Bounded) -> dict[int, int]:
    table = summed(enforced(nw.from_native(contributed.lazy()), bounded)).to_native().collect()
    return dict(table.filter("kept").select("cell", "n").iter_rows())


def squares(contributed: pl.DataFrame) -> dict[str, int]:
    """Squared norm of each account, in Python's integers."""
    total: dict[str, int] = {}
    for account, n in contributed.select("account", "n").iter_rows():
        total[account] = total.get(account, 0) + n**2
    return total


tables = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([*KEYS[:6], "unlisted", None])), max_size=60)
limits = st.tuples(st.integers(1, 12), st.integers(1, 5))


@given(tables, limits)
@settings(max_examples=60, deadline=None)
def test_no_account_exceeds_its_norm_whatever_its_rows(table: Any, limit: tuple[int, int]):
    bounded = bounds(*limit)
    contributed = bounded_rows(rows_of(*table), bounded)
    assert all(square <= limit[0] * limit[1] ** 2 for square in squares(contributed).values())
    assert contributed.select("account", "cell").is_unique().all()


@given(tables, tables, limits)
@settings(max_examples=60, deadline=None)
def test_adding_an_account_leaves_every_other_accounts_contributions_as_they_were(
    table: Any, more: Any, limit: tuple[int, int]
):
    bounded = bounds(*limit)
    added = rows_of(*table, *((99, key) for _, key in more))
    without, with_it = bounded_rows(rows_of(*table), bounded), bounded_rows(added, bounded)
    assert with_it.filter(pl.col("account") != f"{99:032x}").equals(without)


@given(tables, st.randoms(use_true_random=False), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_neither_the_order_of_rows_nor_their_chunks_matter(table: Any, random: Any, size: int):
    shuffled = table.copy()
    random.shuffle(shuffled)
    chunked = pl.concat([rows_of(*shuffled[i : i + size]) for i in range(0, len(shuffled), size)] or [rows_of()])
    assert bounded_rows(chunked, bounds()).equals(bounded_rows(rows_of(*table), bounds()))


@given(tables, limits)
@example([(0, "f0"), (0, "f0"), (0, "f1")], (1, 5))
@settings(max_examples=60, deadline=None)
def test_an_account_keeps_as_many_cells_as_it_may_and_touches(table: Any, limit: tuple[int, int]):
    touched: dict[str, set[str]] = {}
    for account, key in table:
        if key in KEYS:
            touched.setdefault(f"{account:032x}", set()).add(key)
    kept = bounded_rows(rows_of(*table), bounds(*limit)).group_by("account").len()
    assert dict(kept.iter_rows()) == {account: min(limit[0], len(keys)) for account, keys in touched.items()}


@given(tables, limits)
@settings(max_examples=10, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_duckdb_gives_the_same_integers(table: Any, limit: tuple[int, int]):
    bounded = bounds(*limit, question=CountRows("events", by="feature"))
    rows, cells = rows_of(*table), pl.DataFrame(cells_of(bounded, SALT))
    with duckdb.connect() as connection:
        relations = [nw.from_native(connection.from_arrow(frame.to_arrow())).lazy() for frame in (rows, cells)]
        checked = summed(enforced(contributions(*relations, bounded), bounded))
        ours = {cell: n for cell, kept, n in checked.select("cell", "kept", "n").to_native().fetchall() if kept}
    assert ours == vector(bounded_rows(rows, bounded), bounded)


def test_the_priority_is_even_over_keys():
    """10,000 accounts with all of 10 keys keep 3 each; nothing is random, 60 is far in the tail of chi-square (9)."""
    everyone = [(account, key) for account in range(10_000) for key in KEYS]
    kept = bounded_rows(rows_of(*everyone), bounds()).group_by("cell").len().sort("cell")["len"].to_list()
    assert sum(kept) == 30_000
    assert sum((count - 3000) ** 2 / 3000 for count in kept) < 60


def test_the_priority_differs_from_account_to_account():
    everyone = [(account, key) for account in range(500) for key in KEYS]
    kept = bounded_rows(rows_of(*everyone), bounds(per_account=3))
    choices = kept.group_by("account").agg(pl.col("cell").sort()).get_column("cell").to_list()
    assert len({tuple(choice) for choice in choices}) > 80  # of the 120 triples


def test_rows_without_a_key_or_off_the_list_count_nowhere():
    assert bounded_rows(rows_of((1, None), (1, "unlisted"), (1, "f1")), bounds()).rows() == [(f"{1:032x}", 1, 1, 0, 0)]


def test_an_empty_table_gives_an_empty_vector():
    assert vector(bounded_rows(rows_of(), bounds()), bounds()) == {}


def test_one_account_with_many_rows_counts_once_in_one_cell():
    rows = rows_of((1, "f3")).select(pl.all().repeat_by(100_000).explode())
    assert bounded_rows(rows, bounds(per_cell=1))["n"].to_list() == [1]
    assert bounded_rows(rows, bounds(per_cell=100))["n"].to_list() == [100]


def test_without_keys_everybody_counts_in_one_cell():
    whole = bounds(per_account=1, question=CountAccounts("events"), keys=())
    assert vector(bounded_rows(rows_of((1, "f1"), (2, None), (2, "f2")), whole), whole) == {0: 2}


@pytest.mark.parametrize("extreme", [0, 1, 2**31 - 1, 2**62, BIG])
def test_any_hash_is_bounded(extreme: int):
    rows = rows_of(*((1, key) for key in KEYS)).with_columns(account_hash=pl.lit(extreme, dtype=pl.Int64))
    assert bounded_rows(rows, bounds()).height == 3


def test_an_account_with_two_hashes_is_still_one_account():
    rows = pl.concat([rows_of((1, "f1")), rows_of((1, "f1")).with_columns(account_hash=pl.lit(5, dtype=pl.Int64))])
    assert bounded_rows(rows, bounds(per_account=10)).rows() == [(f"{1:032x}", 1, 1, 0, 0)]


GOOD = [("good", 0, 1), ("good", 1, 1)]


@pytest.mark.parametrize(
    "bad",
    [
        [("bad", cell, 1) for cell in range(4)],
        [("bad", 0, 2)],
        [("bad", 0, -2)],
        [("bad", 0, 1), ("bad", 0, 1)],
        [("bad", 0, BIG), ("bad", 0, BIG), ("bad", 0, 2)],
        [("bad", 0, 3_100_000_000)],
        [("bad", 0, -(2**63))],
    ],
    ids=["cells", "rows", "negative", "twice", "wrapping sum", "wrapping square", "smallest"],
)
def test_the_last_look_drops_an_account_that_exceeds_its_bounds_and_no_other(bad: Any):
    schema = {"account": pl.String, "cell": pl.Int64, "n": pl.Int64}
    contributed = pl.DataFrame(GOOD + bad, schema=schema, orient="row").with_columns(place=0)
    assert vector(contributed, bounds()) == {0: 1, 1: 1}


def test_a_row_value_has_one_cell_and_hashes_are_63_bits():
    week = Key("day", (("2026-10-01", "W40"), ("2026-10-02", "W40"), ("2026-10-05", "W41")))
    columns = cells_of(replace(bounds(), keys=(week, FEATURE)), SALT)
    assert len(columns["cell"]) == 30
    assert set(columns["cell"]) == set(range(20))
    assert len(set(columns["cell_hash"])) == 20
    assert all(0 <= each < 2**63 for each in columns["cell_hash"])
    assert columns["cell_hash"] != cells_of(replace(bounds(), keys=(week, FEATURE)), b"another")["cell_hash"]

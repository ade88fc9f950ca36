"""The plan on arrays gives the integers of the narwhals plan, whatever the rows and the blocks."""

from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics.dp import local
from tests.unit.dp.test_bounding import KINDS, SALT, bounded_rows, rows_of

numbers = st.one_of(st.none(), st.floats(), st.integers(-200, 200).map(lambda n: n / 2))
tables = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), numbers), max_size=80)


def on_arrays(rows: pl.DataFrame, bounded: Any) -> tuple[list[Any], dict[int, int]]:
    rows = rows.sort("account")
    runs = rows["account"].rle().struct.unnest()
    first = rows["account_hash"].gather(runs["len"].cum_sum().shift(1, fill_value=0)).to_numpy()
    columns = rows["cell"].to_numpy(), rows["number"].to_numpy() if bounded.value else None
    whole = local.Rows(runs["len"].to_numpy().astype(np.int64), first, np.ones(runs.height, bool), *columns)
    found: list[Any] = []
    beyond: dict[int, int] = {}
    accounts = iter(runs["value"])
    for block in local.blocks(whole):
        each = local.contributions(block, bounded, SALT)
        assert local.within(each, bounded).all()
        names = [next(accounts) for _ in block.lengths]
        place = np.zeros(len(each.n), int) if each.place is None else each.place
        parts = (each.account.tolist(), each.cell.tolist(), each.n.tolist(), place.tolist())
        found += [(names[account], *rest) for account, *rest in zip(*parts, strict=True)]
        beyond |= dict(zip(names, each.beyond.astype(int).tolist(), strict=True))
    return found, beyond


@pytest.mark.parametrize("kind", KINDS)
@given(table=tables, size=st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_the_plan_on_arrays_gives_the_same_integers(kind: str, table: Any, size: int):
    rows = rows_of(*table)
    expected = bounded_rows(rows, KINDS[kind])
    with mock.patch.object(local, "ROWS", size):
        found, beyond = on_arrays(rows, KINDS[kind])
    assert found == expected.select("account", "cell", "n", "place").rows()
    met = dict(expected.group_by("account").agg(pl.col("beyond").max()).iter_rows())
    assert {account: beyond[account] for account in met} == met

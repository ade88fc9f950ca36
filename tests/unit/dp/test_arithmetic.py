"""Sums of releases, and several draws of one question as one."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from privacy_analytics.dp.arithmetic import add, change, combine
from privacy_analytics.dp.releases import Z95, Cell, Mechanism, Release, Unit, status
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.errors import UsageError

FLOOR = 20


def release(name: str, values: dict[str, float], *, sigma: float = 10, unit: Unit = "rows", **more: object) -> Release:
    cells = tuple(
        Cell((key,), value, value - Z95 * sigma, value + Z95 * sigma, sigma, status(value, sigma, FLOOR))
        for key, value in values.items()
    )
    kind = {"rows": "count_rows", "accounts": "count_accounts"}.get(unit, unit)
    made = Release(
        id=f"r-{name * 4}", key=name * 64, unit=unit, table="events", by=("os",), month="2026-10",
        snapshot="2026-10.r0", population="all", floor=FLOOR, cells=cells, question={"kind": kind, "by": ["os"]},
        mechanism=Mechanism("discrete Gaussian", sigma, 3, 1, 2.0), nano_rho=7,
    )  # fmt: skip
    return replace(made, **more)


ONE, TWO = release("a", {"mac": 500, "win": 300}), release("b", {"mac": 80, "win": 40}, sigma=20)


def test_one_release_adds_up_over_its_cells():
    [cell] = add(ONE).cells
    assert (cell.key, cell.value, cell.sigma) == ((), 800, pytest.approx(math.sqrt(200)))
    assert (cell.low, cell.high) == pytest.approx((800 - Z95 * cell.sigma, 800 + Z95 * cell.sigma))
    assert add(ONE).by == ()


def test_several_releases_add_up_cell_by_cell():
    both = add(ONE, TWO)
    assert [(cell.key, cell.value) for cell in both.cells] == [(("mac",), 580), (("win",), 340)]
    assert both["mac"].sigma == pytest.approx(math.sqrt(500))
    assert both.nano_rho == 14


def test_accounts_add_up_only_where_each_is_in_one_cell():
    several = release("c", {"mac": 500, "win": 300}, unit="accounts")
    once = replace(several, mechanism=replace(several.mechanism, per_account=1))
    assert add(once).cells[0].value == 800
    for parts in ([several], [once, replace(once, id="r-d")]):
        with pytest.raises(UsageError, match="may be in several cells"):
            add(*parts)


@pytest.mark.parametrize("fold", [add, combine])
def test_a_release_named_twice_is_refused(fold):
    with pytest.raises(UsageError, match="named twice"):
        fold(ONE, ONE)


def test_what_has_other_keys_is_refused():
    with pytest.raises(UsageError, match="different keys"):
        add(ONE, release("e", {"mac": 1}))
    with pytest.raises(UsageError, match="different keys, units or populations"):
        add(ONE, replace(TWO, population="not opted out"))


def test_draws_are_weighted_by_their_precision():
    combined = combine(ONE, replace(TWO, question=ONE.question | {"again": 1}))
    cell = combined["mac"]
    assert cell.value == pytest.approx((500 / 100 + 80 / 400) / (1 / 100 + 1 / 400))
    assert cell.sigma == pytest.approx(1 / math.sqrt(1 / 100 + 1 / 400))
    assert cell.sigma < ONE["mac"].sigma


def test_draws_of_different_questions_are_not_combined():
    for other in (replace(TWO, question={"kind": "count_rows", "by": ["day"]}), replace(TWO, snapshot="2026-09.r0")):
        with pytest.raises(UsageError, match="draws of one question"):
            combine(ONE, other)


@pytest.mark.parametrize("unit", ["mean", "quantile"])
def test_what_has_no_one_width_is_not_combined(unit):
    pair = [release(name, {"mac": 5}, unit=unit) for name in "fg"]
    with pytest.raises(UsageError, match="ask with a larger share"):
        combine(*pair)


def test_a_sum_below_the_floor_is_not_shown():
    few = release("h", {"mac": 15, "win": -9}, sigma=1)
    assert add(few).cells[0].status == "suppressed"
    assert combine(few, replace(few, id="r-i"))["win"].status == "suppressed"


@pytest.mark.parametrize("fold", [add, combine])
def test_a_store_gives_the_same_again(tmp_path: Path, fold):
    store = FolderStore(tmp_path)
    second = replace(TWO, question=ONE.question)
    for each in (ONE, second):
        store.put(each.id, each.to_json())
    folded = fold(ONE, second)
    assert store.evaluate(folded.expression) == folded
    assert change(folded, ONE)["win"].value == folded["win"].value / 300 - 1


@pytest.mark.parametrize("operands", [[], ["r-aaaa"] * 3])
def test_an_expression_with_another_number_of_operands_is_refused(tmp_path: Path, operands):
    store = FolderStore(tmp_path)
    store.put(ONE.id, ONE.to_json())
    with pytest.raises(UsageError):
        store.evaluate({"op": "share", "of": operands})

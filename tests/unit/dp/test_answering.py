import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from privacy_analytics.dp import answering, mechanisms, selection
from privacy_analytics.dp.answering import Drawn, Sums, answer, half_width
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import (
    Bounded,
    CountAccounts,
    CountRows,
    Histogram,
    Key,
    Mean,
    Quantiles,
    Retention,
    Sum,
    TopKeys,
    Value,
)
from privacy_analytics.dp.selection import WEIGHT
from privacy_analytics.errors import UsageError

OS = Key("os", (("macos", "macos"), ("linux", "linux")))
MINUTES = Value("minutes", 0, 24_000, 100)
PLENTY = Charge(10**15, 10**12)
"""Noise of a thousandth of what one account adds."""


class Known:
    def __init__(self, n: Any = (), accounts: Any = (), met: int = 0, phrases: Mapping[str, int] | None = None) -> None:
        self.known = Sums(np.array(n, np.int64), np.array(accounts, np.int64), met)
        self.phrases = phrases or {}

    def sums(self, bounded: Bounded) -> Sums:
        return self.known

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        return {phrase: WEIGHT * n for phrase, n in self.phrases.items() if phrase not in found}

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        return np.array([self.phrases[key] for key in keys], np.int64)


def bounded(question: Any, keys: Any = (OS,), per_account: int = 2, per_cell: int = 1, **more: Any) -> Bounded:
    return Bounded(question, keys, per_account, per_cell, "all", "s", **more)


ALL = {
    "accounts": bounded(CountAccounts("events", by="os")),
    "rows": bounded(CountRows("events", by="os"), per_cell=100),
    "sum": bounded(
        Sum("s", "minutes", by="os"), per_cell=48_000, value=dataclasses.replace(MINUTES, total=(0, 48_000))
    ),
    "mean": bounded(Mean("s", "minutes", by="os"), per_cell=12_000, value=MINUTES),
    "quantiles": bounded(Quantiles("s", "minutes", [0.5, 0.9], by="os"), value=MINUTES, places=(0, 600, 24_000)),
    "histogram": bounded(Histogram("s", "minutes", [5, 60], by="os"), value=MINUTES, places=(500, 6000)),
    "retention": bounded(Retention(), (OS, OS), months=("2026-09", "2026-10")),
    "top_keys": bounded(TopKeys("messages", "content"), (), 30),
}


def drawn(name: str, charge: Charge = PLENTY, **known: Any) -> Drawn:
    return answer(ALL[name], charge, Known(**known), 20)


def values(name: str, **known: Any) -> dict[tuple[str, ...], float]:
    return {cell.key: cell.value for cell in drawn(name, **known).cells}


def test_counts_are_the_vector_by_its_public_keys():
    assert values("accounts", n=[[700], [30]]) == {("macos",): 700, ("linux",): 30}
    assert values("rows", n=[[700], [30]], met=5) == pytest.approx({("macos",): 700, ("linux",): 30}, abs=1)


def test_a_histogram_has_the_bins_of_a_group_beside_each_other():
    cells = values("histogram", n=[[1, 2, 3], [4, 5, 6]])
    assert [(key[0], key[1], round(value)) for key, value in cells.items()] == [
        ("macos", "under 5", 1), ("macos", "5 to 60", 2), ("macos", "60 or more", 3),
        ("linux", "under 5", 4), ("linux", "5 to 60", 5), ("linux", "60 or more", 6),
    ]  # fmt: skip


def test_a_sum_is_in_the_unit_of_its_column():
    cells = drawn("sum", n=[[4_800_000], [-10_000]]).cells
    assert [cell.value for cell in cells] == pytest.approx([48_000, -100], abs=5)
    assert cells[0].sigma == pytest.approx(drawn("sum", n=[[0], [0]]).mechanism.sigma / 100)


def test_a_mean_is_its_middle_and_the_mean_distance_from_it():
    cells = drawn("mean", n=[[100 * (9_000 - 12_000)], [50 * (24_000 - 12_000)]], accounts=[[100], [50]]).cells
    assert [cell.value for cell in cells] == pytest.approx([90, 240], abs=0.1)
    assert cells[0].low < cells[0].value < cells[0].high


def test_the_mean_of_nobody_is_the_bounds_and_hidden():
    nobody = drawn("mean", charge=Charge(10**6), n=[[0], [0]], accounts=[[0], [0]]).cells[0]
    assert (nobody.low, nobody.high, nobody.status) == (0, 240, "suppressed")


def test_quantiles_are_the_candidates_by_group_and_probability():
    cells = drawn("quantiles", charge=Charge(10**11), accounts=[[100, 500, 10], [0, 10, 900]]).cells
    assert [(*cell.key, cell.value) for cell in cells] == [
        ("macos", "p50", 6), ("macos", "p90", 6), ("linux", "p50", 240), ("linux", "p90", 240),
    ]  # fmt: skip
    assert {cell.sigma for cell in cells} == {None}


def test_phrases_come_by_their_noised_counts_and_what_few_say_is_not_named():
    said = {"pan a bus": 900, "rare": 20, "how do": 5000, "mix": 100}
    assert values("top_keys", phrases=said) == {("how do",): 5000, ("mix",): 100, ("pan a bus",): 900}
    assert [cell.key[0] for cell in drawn("top_keys", phrases=said).cells] == ["how do", "pan a bus", "mix"]


def test_no_phrases_are_an_answer_without_cells():
    assert drawn("top_keys", charge=Charge(10**6, 10**6)).cells == ()


@pytest.mark.parametrize("name", ["accounts", "rows", "sum", "mean", "histogram"])
def test_how_many_met_a_bound_is_beside_the_answer_where_it_is_cheap(name: str):
    nobody = [[0] * 3] * 2 if name == "histogram" else [[0]] * 2
    clipped = drawn(name, n=nobody, accounts=nobody, met=7).mechanism.clipped
    assert (clipped is not None) == (name in ("rows", "sum", "mean"))
    assert clipped is None or clipped.value == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize("name", ["accounts", "rows", "sum", "mean", "histogram", "retention", "quantiles"])
def test_an_answer_has_its_public_cells_whatever_was_counted(name: str):
    bounded = ALL[name]
    shape = (len(bounded.groups), len(bounded.places) + (name == "histogram") if bounded.places else 1)
    full = np.full(shape, 10**9)
    drawns = [drawn(name, Charge(10**6), n=counted, accounts=counted) for counted in (full, 0 * full)]
    keys = [[cell.key for cell in each.cells] for each in drawns]
    assert keys[0] == keys[1]
    assert keys[0] == bounded.cells if name != "quantiles" else len(keys[0]) == 4
    assert all(len(key) == len(bounded.names) for key in keys[0])
    assert {each.by for each in drawns} == {bounded.names}


@pytest.mark.parametrize("name", ["accounts", "rows", "sum", "mean", "histogram", "retention"])
def test_the_vector_is_noised_at_the_priced_bound_and_within_the_charge(name: str, monkeypatch: pytest.MonkeyPatch):
    seen: list[Any] = []
    honest = mechanisms.add_noise

    def watched(vector: Any, **priced: Any) -> list[int]:
        seen.append((len(vector), priced))
        return honest(vector, **priced)

    monkeypatch.setattr(mechanisms, "add_noise", watched)
    bounded = ALL[name]
    counted = [[1] * 3] * 2 if name == "histogram" else [[1]] * len(bounded.groups)
    drawn(name, Charge(10**6), n=counted, accounts=counted)
    ((length, priced),) = seen
    assert priced["l2"] == bounded.sensitivity == (2 if name == "retention" else 1) * bounded.l2
    assert priced["nano_rho"] == 10**6 >= mechanisms.price(bounded.sensitivity, priced["scale"])
    assert length == len(bounded.cells) * (2 if name == "mean" else 1) + (bounded.clipped > 0)


def test_phrases_are_found_and_counted_for_what_was_charged_together(monkeypatch: pytest.MonkeyPatch):
    from privacy_analytics.dp import selection

    paid: list[tuple[int, int]] = []
    found, noised = selection.discover, mechanisms.add_noise

    def discover(weights: Any, rounds: Any, **charge: int) -> Any:
        paid.append((sum(each.nano_rho for each in rounds), sum(each.delta for each in rounds)))
        return found(weights, rounds, **charge)

    def add_noise(vector: Any, *, l2: float, scale: float, nano_rho: int) -> list[int]:
        assert l2 == math.sqrt(1)  # an account has one of one key at most
        paid.append((mechanisms.price(l2, scale), 0))
        return noised(vector, l2=l2, scale=scale, nano_rho=nano_rho)

    monkeypatch.setattr(selection, "discover", discover)
    monkeypatch.setattr(mechanisms, "add_noise", add_noise)
    drawn("top_keys", Charge(10**7, 10**7), phrases={"mix": 10**6})
    assert 0.99 * 10**7 < sum(nano_rho for nano_rho, _ in paid) <= 10**7
    assert sum(delta for _, delta in paid) <= 10**7


@pytest.mark.parametrize("name", ["accounts", "rows", "sum", "histogram", "retention"])
def test_the_expected_half_width_of_a_count_or_sum_is_the_released_one(name: str):
    counted = [[1] * 3] * 2 if name == "histogram" else [[1]] * len(ALL[name].groups)
    cell = drawn(name, Charge(10**6), n=counted).cells[0]
    assert (cell.high - cell.low) / 2 == pytest.approx(half_width(ALL[name], 10**6), rel=0.02)


@pytest.mark.parametrize("name", ALL)
def test_four_times_the_price_halves_the_expected_half_width(name: str):
    assert half_width(ALL[name], 10**6) == pytest.approx(2 * half_width(ALL[name], 4 * 10**6), rel=0.01)


def test_what_spans_months_is_twice_as_wide():
    month = dataclasses.replace(ALL["retention"], months=())
    assert half_width(ALL["retention"], 10**6) == pytest.approx(2 * half_width(month, 10**6))


@pytest.mark.parametrize("name", ALL)
def test_nothing_buys_no_answer(name: str):
    counted = [[1] * 3] * 2 if name in ("histogram", "quantiles") else [[1]] * len(ALL[name].groups)
    with pytest.raises(UsageError, match=r"(price|delta) above zero"):
        drawn(name, Charge(0), n=counted, accounts=counted)


def test_what_few_accounts_can_make_up_is_suppressed():
    """A cell of rows or of a sum shows from so many accounts on as could make it up alone."""
    floor = 20
    below, above = (drawn("rows", n=[[n], [n]]).cells[0].status for n in (100 * floor - 50, 100 * floor + 50))
    assert (below, above) == ("suppressed", "ok")
    below, above = (drawn("sum", n=[[n], [n]]).cells[0].status for n in (-48_000 * floor + 999, -48_000 * floor - 999))
    assert (below, above) == ("suppressed", "ok")


@pytest.mark.parametrize("groups", [1, 8, 1000])
@pytest.mark.parametrize("probs", [[0.5], [0.1, 0.5, 0.9], [at / 100 for at in range(1, 100)]])
def test_the_least_charge_is_enough_for_quantiles(groups: int, probs: list[float]):
    key = Key("os", tuple((str(at), str(at)) for at in range(groups)))
    asked = Quantiles("events", "rows", probs, by="os")
    bounded = Bounded(
        asked, (key,), groups, 1, "all", "s", value=Value("rows", 0, 1, 1, (0, 100)), places=tuple(range(101))
    )
    charge = answering.least(bounded)
    assert answering._picks(bounded, asked, charge.nano_rho).nano_rho <= charge.nano_rho


def test_the_least_charge_is_enough_for_phrases():
    bounded = Bounded(TopKeys("messages", "content"), (), 15, 1, "all", "s")
    charge = answering.least(bounded)
    rounds = selection.rounds_for(15, int(answering.SELECTION * charge.nano_rho), charge.delta)
    assert sum(each.delta for each in rounds) <= charge.delta

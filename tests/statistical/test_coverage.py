"""95 % intervals hold the bounded value, for every kind of question through ``answering.answer``.

N replicates lie in disjoint cells of one answer. A test passes where the lower Clopper-Pearson bound (1e-4) of coverage
is at least .94; coverage of exactly .95 would fail it less than once in 10,000 runs, and N is chosen for that. What is
covered beyond 95 % is printed: ``pytest -s``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.answering import Drawn, Sums, _clipped, answer
from privacy_analytics.dp.arithmetic import change, share
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import (
    Bounded,
    CountAccounts,
    CountRows,
    Histogram,
    Key,
    Mean,
    Quantiles,
    Question,
    Retention,
    Sum,
    TopKeys,
    Value,
)
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.dp.selection import WEIGHT

pytestmark = pytest.mark.statistical
N = 30_000
LEAST, ALPHA = 0.94, 1e-4
RNG = np.random.default_rng(4)  # of the bounded values; noise has no seed
MINUTES = Value("minutes", 0, 24_000, 100)


@dataclasses.dataclass
class Known:
    """An engine whose sums are given."""

    n: NDArray[np.int64] = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    accounts: NDArray[np.int64] = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    met: int = 0

    def sums(self, bounded: Bounded) -> Sums:
        return Sums(self.n, self.accounts, self.met)

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        return {f"p{at}": 10**6 * WEIGHT for at in range(self.accounts.size) if f"p{at}" not in found}

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        return self.accounts[[int(key[1:]) for key in keys]]


def keys(count: int, column: str = "feature") -> Key:
    return Key(column, tuple((f"f{at}", f"f{at}") for at in range(count)))


def bounded(question: Question, per_account: int = 1, per_cell: int = 1, groups: int = N, **more: Any) -> Bounded:
    return Bounded(question, (keys(groups),), per_account, per_cell, "all", "s", **more)


def surely(held: int, of: int) -> bool:
    """Whether the lower Clopper-Pearson bound of a rate is at least LEAST: its exact binomial tail is at most ALPHA."""
    k = np.arange(held, of + 1)
    choose = np.array([math.lgamma(of + 1) - math.lgamma(i + 1) - math.lgamma(of - i + 1) for i in k])
    return bool(np.exp(choose + k * math.log(LEAST) + (of - k) * math.log1p(-LEAST)).sum() <= ALPHA)


def covers(what: str, cells: Sequence[Cell], truth: Sequence[float] | NDArray[Any]) -> bool:
    held = sum(cell.low <= true <= cell.high for cell, true in zip(cells, truth, strict=True))
    print(f"{what}: {held / len(cells):.4f} of {len(cells):,}")
    return surely(held, len(cells))


def drawn(about: Bounded, nano_rho: int, engine: Known, delta: int = 0) -> Drawn:
    return answer(about, Charge(nano_rho, delta), engine, 20)


SIZES = RNG.choice([0, 1, 3, 20, 100, 1000], N)
COUNTS: dict[str, Callable[[], Bounded]] = {
    "accounts": lambda: bounded(CountAccounts("events", by="feature"), 8),
    "rows": lambda: bounded(CountRows("events", by="feature"), 8, 100),
    "retention": lambda: Bounded(
        Retention(), (keys(300, "cohort"), keys(100, "week")), 5, 1, "all", "s", months=("2026-09", "2026-10")
    ),
    "histogram": lambda: bounded(
        Histogram("sessions", "minutes", [5, 15, 60], by="feature"), 2, groups=N // 4, value=MINUTES,
        places=(500, 1500, 6000),
    ),
}  # fmt: skip


@pytest.mark.parametrize("nano_rho", [10**9, 4 * 10**6])
@pytest.mark.parametrize("kind", COUNTS)
def test_intervals_of_counts_hold_them(kind: str, nano_rho: int):
    about = COUNTS[kind]()
    truth = SIZES * about.per_cell // 2
    assert covers(f"{kind} at {nano_rho}", drawn(about, nano_rho, Known(truth)).cells, truth)


def test_intervals_of_sums_hold_them():
    """In steps of a hundredth, below 0 too."""
    value = Value("minutes", -6_000, 24_000, 100, total=(-60_000, 240_000))
    about = bounded(Sum("sessions", "minutes", by="feature"), 2, 240_000, value=value)
    truth = RNG.integers(-(10**7), 10**9, N)
    assert covers("sum", drawn(about, 4 * 10**6, Known(truth)).cells, truth / 100)


@pytest.mark.parametrize(("accounts", "nano_rho"), [(1, 10**8), (20, 4 * 10**6), (100, 10**8), (2000, 4 * 10**6)])
def test_intervals_of_means_hold_them_whatever_the_groups_size(accounts: int, nano_rho: int):
    """The mean of a few accounts, at the ends of the bounds or within, has a wide interval or the bounds themselves."""
    about = bounded(Mean("sessions", "minutes", by="feature"), 2, 12_000, groups=N, value=MINUTES)
    sums = np.minimum(RNG.exponential(3_000, N), 24_000) * accounts
    sums[: N // 10] = RNG.choice([0, 24_000], N // 10) * accounts
    n = np.round(sums).astype(np.int64) - accounts * about.centre
    cells = drawn(about, nano_rho, Known(n, np.full(N, accounts))).cells
    assert covers(f"mean of {accounts} at {nano_rho}", cells, (n / accounts + about.centre) / 100)


def test_intervals_of_quantiles_hold_them_whatever_the_groups_size():
    """Fewer groups: three picks for each take a while, and the proof leaves room."""
    places, groups = tuple(range(0, 24_001, 1500)), 20_000
    question = Quantiles("sessions", "minutes", [0.9], by="feature")
    about = bounded(question, 2, groups=groups, value=MINUTES, places=places)
    spread = np.exp(-np.arange(len(places)) / 4)
    counts = RNG.multinomial(RNG.choice([1, 20, 300, 5000], groups), spread / spread.sum())
    upto = np.cumsum(counts, axis=1)
    truth = np.array(places)[(upto >= 0.9 * upto[:, -1:]).argmax(axis=1)] / 100
    assert covers("quantile", drawn(about, 4 * 10**6, Known(counts, counts)).cells, truth)


def test_intervals_of_found_phrases_hold_how_many_accounts_say_them():
    question = TopKeys("messages", "content", top=N)
    truth = RNG.integers(2_000, 5_000, N)  # what few say is not named
    cells = drawn(Bounded(question, (), 30, 1, "all", "s"), 10**7, Known(accounts=truth), 10**7).cells
    assert len(cells) == N
    assert covers("phrases", cells, [truth[int(cell.key[0][1:])] for cell in cells])


@pytest.mark.parametrize("nano_rho", [10**9, 4 * 10**6])
def test_intervals_of_how_many_met_a_bound_hold_it(nano_rho: int):
    """An answer has one such number and drawing as many answers takes half a minute, so the noise is drawn at once."""
    about = Bounded(CountRows("events"), (), 1, 100, "all", "s")
    scale = mechanisms.scale_for(about.sensitivity, nano_rho)
    noised = mechanisms.add_noise(np.full(N, 70 * about.clipped), l2=about.sensitivity, scale=scale, nano_rho=nano_rho)
    clipped = [_clipped(each / about.clipped, scale / about.clipped) for each in noised]
    cells = [Cell((), each.value, each.low, each.high, None, "ok") for each in clipped]
    assert covers(f"clipped at {nano_rho}", cells, [70] * N)


def as_release(truth: int, nano_rho: int, month: str = "2026-10") -> Release:
    cells = drawn(
        bounded(CountAccounts("events", by="feature"), groups=20_000), nano_rho, Known(np.full(20_000, truth))
    ).cells
    return Release(
        id=f"r-{month}", key="k", unit="accounts", table="events", by=("feature",), month=month, snapshot=month,
        population="all", floor=20, cells=cells, question={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("part", "whole", "nano_rho"), [(30, 100, 10**6), (3, 5, 3 * 10**8), (500, 1000, 10**6), (0, 40, 10**6)]
)
def test_shares_and_changes_hold_theirs(part: int, whole: int, nano_rho: int):
    """Bonferroni leaves room: two counts at 97.5 %."""
    above, below = as_release(part, nano_rho), as_release(whole, nano_rho)
    before = dataclasses.replace(below, month="2026-09", snapshot="2026-09")
    shares, changes = share(above, of=below).cells, change(above, before).cells
    assert covers(f"share {part}/{whole} at {nano_rho}", shares, [part / whole] * len(shares))
    assert covers(f"change {whole} to {part} at {nano_rho}", changes, [part / whole - 1] * len(changes))


def test_intervals_a_tenth_too_narrow_are_found():
    """Coverage of .922 passes with less than 1e-9."""
    about = COUNTS["accounts"]()
    cells = drawn(about, 4 * 10**6, Known(SIZES)).cells
    narrow = [
        Cell(c.key, c.value, c.value - 0.9 * (c.value - c.low), c.value + 0.9 * (c.high - c.value), 1, "ok")
        for c in cells
    ]
    assert not covers("a tenth too narrow", narrow, SIZES)

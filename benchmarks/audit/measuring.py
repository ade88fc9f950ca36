"""One claim measured: what a release adds noise to, and how well that tells an account's presence from its absence."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from bounds import lost, mu
from numpy.typing import NDArray
from people import MONTH

from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.answering import answer
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import Bounded, Key, Question

FLOOR = 20
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A claimed loss beside its measured lower bound."""

    what: str
    claimed: float
    bound: float
    replicates: int
    visible: float = 0.3
    """The part of the claim that an audit must see: one that sees nothing proves nothing."""

    @property
    def holds(self) -> bool:
        return self.claimed * self.visible <= self.bound <= self.claimed


@dataclass(frozen=True)
class Noised:
    """A vector before and after its noise."""

    exact: Vector
    noised: Vector
    scale: float


def rho(loss: float) -> int:
    """Nano-rho of a mu-GDP release: mu is the square root of twice rho."""
    return math.ceil(loss**2 / 2 * mechanisms.NANO)


@contextmanager
def tapped(owner: Any, name: str) -> Generator[list[tuple[Any, dict[str, Any], Any]]]:
    """Every call of a function inside: what it was given, what it gave."""
    real, calls = getattr(owner, name), []

    def call(*given: Any, **named: Any) -> Any:
        calls.append((given, named, got := real(*given, **named)))
        return got

    setattr(owner, name, call)
    try:
        yield calls
    finally:
        setattr(owner, name, real)


def noised(bounded: Bounded, charge: Charge, source: Any) -> list[Noised]:
    """The vectors that one answer adds noise to, in order."""
    with tapped(mechanisms, "add_noise") as calls:
        answer(bounded, charge, source, FLOOR)
    return [Noised(np.array(given[0], float), np.array(got, float), about["scale"]) for given, about, got in calls]


def told_apart(exact: tuple[Vector, Vector], drawn: tuple[Vector, Vector], claimed: float, **about: Any) -> Measured:
    """mu of replicates in rows, each projected on what its account changes; rows where that is nothing are left out."""
    change = exact[0] - exact[1]
    seen = (change**2).sum(axis=1) > 0
    unit = change[seen] / np.sqrt((change[seen] ** 2).sum(axis=1, keepdims=True))
    having, lacking = ((unit * (drawn[side][seen] - exact[1][seen])).sum(axis=1) for side in (0, 1))
    bound = lost(having, lacking, mu) if len(having) else 0.0
    return Measured(claimed=claimed, bound=bound, replicates=len(having), **about)


def bounded_by(question: Question, keys: tuple[Key, ...], per_account: int, per_cell: int = 1, **more: Any) -> Bounded:
    return Bounded(question, keys, per_account, per_cell, "all", f"{MONTH}.r0", **more)

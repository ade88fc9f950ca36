"""Whitelisted steps of a single row before bounding: bins, groups, ranges. Each is a function of that row and of public
constants alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from privacy_analytics.errors import UsageError

EXACT = 2**53
"""Whole numbers below it are floats without rounding."""


def expect(kind: Any, says: str, *found: object) -> None:
    """Raise UsageError unless everything found is of a kind."""
    if not all(isinstance(each, kind) for each in found):
        raise UsageError(f"This is no question: {says}.")


def numbers(says: str, *found: object) -> tuple[float, ...]:
    """Numbers that a float holds exactly, whole ones as int so that 5 and 5.0 are one question.

    Raises UsageError for others, infinite and undefined ones too.
    """
    read: list[float] = []
    for each in found:
        if isinstance(each, bool) or not isinstance(each, int | float) or not abs(each) < EXACT:
            raise UsageError(f"This is no question: {says}.")
        read.append(int(each) if each == int(each) else each)
    return tuple(read)


@dataclass(frozen=True, init=False)
class Bins:
    """A number as a key: ``Bins("minutes", [5, 15, 60])`` is under 5, 5 to 15, 15 to 60, 60 or more.

    Parameters
    ----------
    column : a number of the table
    edges : where one bin ends and the next begins, strictly rising; a number on an edge is in the upper bin
    """

    column: str
    edges: tuple[float, ...]

    def __init__(self, column: str, edges: Sequence[float]) -> None:
        expect(str, "a column is text", column)
        object.__setattr__(self, "column", column)
        object.__setattr__(self, "edges", numbers("the edges of bins are finite numbers", *edges))
        if not self.edges or any(low >= high for low, high in pairwise(self.edges)):
            raise UsageError("The edges of bins rise strictly, and there is at least one. Sort them, each once.")

    @property
    def labels(self) -> tuple[str, ...]:
        """One label a bin, from the lowest; one more than there are edges."""
        between = [f"{low} to {high}" for low, high in pairwise(self.edges)]
        return (f"under {self.edges[0]}", *between, f"{self.edges[-1]} or more")

    def canonical(self) -> dict[str, Any]:
        return {"bins": self.column, "edges": list(self.edges)}


@dataclass(frozen=True, init=False)
class Groups:
    """A key column at a coarser grain, by a public table: ``Groups("country", {"Nordic": ["DK", "FI", "NO", "SE"]})``.

    Keys that no group names are ``"other"``.
    """

    column: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    def __init__(self, column: str, groups: Mapping[str, str | Sequence[str]]) -> None:
        listed = {name: (keys,) if isinstance(keys, str) else tuple(sorted(set(keys))) for name, keys in groups.items()}
        members = [key for keys in listed.values() for key in keys]
        expect(str, "a column, its groups and their keys are text", column, *listed, *members)
        if not listed or len(set(members)) < len(members):
            raise UsageError("Groups name each key once, in one group. Take the repeated one out.")
        object.__setattr__(self, "column", column)
        object.__setattr__(self, "groups", tuple(sorted(listed.items())))

    def canonical(self) -> dict[str, Any]:
        return {"groups": self.column, "of": [[name, list(keys)] for name, keys in self.groups]}


@dataclass(frozen=True, init=False)
class Between:
    """Rows whose number is at least ``low`` and below ``high``; either may be None."""

    low: float | None
    high: float | None

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        ends = numbers("the ends of a range are finite numbers", *(end for end in (low, high) if end is not None))
        if not ends or (len(ends) == 2 and ends[0] >= ends[1]):
            raise UsageError("Between(low, high) has a low end below its high end, or one end alone.")
        object.__setattr__(self, "low", None if low is None else ends[0])
        object.__setattr__(self, "high", None if high is None else ends[-1])

    def canonical(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


Step = str | Bins | Groups
"""What a question may be ``by``: a key column or a grain of time, binned numbers, grouped keys."""


def column_of(step: Step) -> str:
    """The column or grain that a step reads; also its name in the answer."""
    return step if isinstance(step, str) else step.column


def step_from(raw: Any) -> Step:
    """Read a step from its JSON values. Raises UsageError, KeyError or TypeError for what is none."""
    if isinstance(raw, str | Bins | Groups):
        return raw
    return Bins(raw["bins"], raw["edges"]) if "bins" in raw else Groups(raw["groups"], dict(raw["of"]))

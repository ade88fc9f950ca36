"""A question with everything that decides its answer: public keys, bounds, population, snapshot."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from privacy_analytics.dp.questions.base import Question
from privacy_analytics.dp.questions.kinds import Histogram, Mean, Quantiles, Retention, TopKeys
from privacy_analytics.dp.questions.steps import Bins
from privacy_analytics.errors import UsageError

LARGEST = 2**31
"""What one account adds to one cell stays below it, in fixed point: 2^31 accounts then add up below 2^62."""
MOST_GROUPS = 2**17
"""The engines pack an account's place, a priority and a cell into one number below 2^63."""
LARGEST_SQUARE = 2**62
"""Bounds whose squared norm reaches this are refused, so that no sum of squares can wrap in 64 bits."""
CLIPPED_FROM = 8
"""From this squared norm on a release also counts who met a bound, which widens the noise by 6.1 % at most."""


@dataclass(frozen=True)
class Key:
    """One key column of a bounded question: its public keys in order, and the row values that mean each of them."""

    column: str
    """The column of the rows that is matched."""
    values: tuple[tuple[str, str], ...]
    """(row value, key) pairs: a day stands for itself, or for its week. With ``edges``: (number of the bin, key)."""
    edges: tuple[float, ...] = ()
    """Where the column is a number: its bins."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for _, key in self.values))

    def canonical(self) -> list[Any]:
        return [self.column, [list(pair) for pair in self.values], *([list(self.edges)] if self.edges else [])]


@dataclass(frozen=True)
class Value:
    """A number of the rows in fixed point: ``round(x * units)``, clamped into ``low`` .. ``high`` (both in steps)."""

    column: str
    low: int
    high: int
    units: int
    """Steps in one of the column's own units."""
    total: tuple[int, int] | None = None
    """Bounds of an account's total in one cell, in steps, where the question is of totals."""

    @property
    def span(self) -> tuple[int, int]:
        """Bounds of what an account is summarised to, in steps."""
        return self.total or (self.low, self.high)

    def canonical(self) -> dict[str, Any]:
        total = list(self.total) if self.total else None
        return {"column": self.column, "low": self.low, "high": self.high, "units": self.units, "total": total}


@dataclass(frozen=True)
class Bounded:
    """A question with everything that decides its answer. Its ``key`` is the identity of the release.

    The vector that is noised is the sum over accounts of: ``per_account`` cells at most, each at most ``per_cell`` in
    absolute value; for a mean as many again that count the account; and one coordinate for having met a bound.
    """

    question: Question
    keys: tuple[Key, ...]
    per_account: int
    per_cell: int
    population: str
    snapshot: str
    versions: tuple[tuple[str, int], ...] = ()
    """Versions of derived tables that it reads."""
    value: Value | None = None
    places: tuple[int, ...] = ()
    """Of a histogram the edges, of quantiles the candidates: in steps of the value, strictly rising."""
    months: tuple[str, ...] = ()
    """The months that it reads, where there are several: each of them is charged."""
    without: tuple[tuple[str, str], ...] = ()
    """(table, version of the privacy policy): rows of it collected under that version do not count."""
    again: int = 0
    """Which draw it is: 0 is the answer, later ones are fresh noise that is paid for and combined with it."""

    def __post_init__(self) -> None:
        ends = (self.value.low, self.value.high, *self.value.span, *self.places) if self.value else ()
        if max([self.per_cell, *map(abs, ends)]) >= LARGEST or self._square >= LARGEST_SQUARE:
            raise UsageError("These bounds are too large to add up safely. Lower per_account, per_cell or bounds.")
        if math.prod(len(key.keys) for key in self.keys) > MOST_GROUPS:
            raise UsageError(f"A question has at most {MOST_GROUPS:,} groups. Use fewer columns.")

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """The key of every group of rows, in the order of the public lists."""
        return list(product(*(key.keys for key in self.keys)))

    @cached_property
    def cells(self) -> list[tuple[str, ...]]:
        """The key of every number of the vector: a histogram has one for each bin of each group."""
        if isinstance(self.question, Histogram):
            labels = Bins(self.question.column, self.question.edges).labels
            return [(*group, label) for group in self.groups for label in labels]
        return self.groups

    @property
    def names(self) -> tuple[str, ...]:
        """How the parts of a cell's key are called in the answer."""
        question = self.question
        if isinstance(question, Histogram):
            return (*question.names, question.column)
        if isinstance(question, Retention):
            return "cohort", "week"
        if isinstance(question, TopKeys):
            return ("phrase",)
        return (*question.names, "quantile") if isinstance(question, Quantiles) else question.names

    @property
    def unit(self) -> str:
        """Of what the answer is a number."""
        return self.question.unit

    @property
    def factor(self) -> int:
        """Taking a month away moves an account's vector within its ball; over several months to any point of it."""
        return 2 if len(self.months) > 1 else 1

    @property
    def centre(self) -> int:
        """The middle of a mean's bounds, in steps: an account adds its distance from it, at most ``per_cell``."""
        return sum(self.value.span) // 2 if self.value and type(self.question) is Mean else 0

    @property
    def counted(self) -> int:
        """Weight of the coordinates that count a mean's accounts: as much as its own, so that both are as noisy."""
        return self.per_cell if type(self.question) is Mean else 0

    @property
    def clipped(self) -> int:
        """Weight of the coordinate for having met a bound; 0 where none can be met, or to tell would cost too much."""
        can = self.value is not None or self.per_cell > 1 or self.per_account < len(self.groups)
        return max(1, math.isqrt(self._main) // 4) if can and self._main >= CLIPPED_FROM else 0

    @property
    def l2(self) -> float:
        """Largest L2 norm of one account's vector, rounded up."""
        return root(self._square)

    @property
    def sensitivity(self) -> float:
        """How far the vector moves, in L2, when one account's rows of one month are taken away: what is priced."""
        return self.factor * self.l2

    def canonical(self) -> dict[str, Any]:
        """Question, bounds, public keys, population, versions, and which rows do not count; not its price or purpose.

        ``without`` is told where there is something in it: where every version of the policy allows what is asked, the
        answer is that of every purpose.
        """
        asked = self.question.canonical() | {"per_account": self.per_account, "per_cell": self.per_cell}
        if self.without:
            asked |= {"without": [list(pair) for pair in self.without]}
        return asked | {
            "keys": [key.canonical() for key in self.keys],
            "population": self.population,
            "versions": [list(version) for version in self.versions],
            "value": self.value.canonical() if self.value else None,
            "places": list(self.places),
            "reads": list(self.months),
            "again": self.again,
        }

    @property
    def key(self) -> str:
        """SHA-256 of the canonical text and the snapshot, 64 hex digits."""
        text = json.dumps([self.canonical(), self.snapshot], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def release_id(self) -> str:
        return f"r-{self.key[:12]}"

    @property
    def _main(self) -> int:
        return self.per_account * (self.per_cell**2 + self.counted**2)

    @property
    def _square(self) -> int:
        return self._main + self.clipped**2


def root(square: int) -> float:
    """The square root, rounded up: its square is checked exactly."""
    norm = math.sqrt(square)
    while Fraction(norm) ** 2 < square:
        norm = math.nextafter(norm, math.inf)
    return norm

"""Questions as frozen values. Asking reads nothing; a question becomes answerable once it is *bounded*.

``CountAccounts`` and ``CountRows`` say what is wanted. A curator adds what the contract knows (public keys, bounds,
population, snapshot) and gets a ``Bounded`` question, whose canonical text is the identity of its answer: two
questions with the same text have the same answer, released once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, product
from typing import Any, Self

from privacy_analytics.errors import UsageError

TIME_GRAINS = ("day", "week")
"""Time keys of a month: its days, and ISO weeks cut at its ends."""
LARGEST_SQUARE = 2**62
"""Bounds whose squared norm reaches this are refused, so that no sum of squares can wrap in 64 bits."""


def _expect(kind: Any, says: str, *found: object) -> None:
    if not all(isinstance(each, kind) for each in found):
        raise UsageError(f"This is no question: {says}.")


def _at_least_one(name: str, bound: object) -> None:
    """Bounds are whole numbers: OpenDP prices them, and a NaN passes every comparison."""
    if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool) or bound < 1):
        raise UsageError(f"{name} is a whole number, at least 1.")


@dataclass(frozen=True)
class Adopters:
    """The cohort of accounts with at least one event of this feature in the month: a public predicate per account."""

    feature: str

    def __post_init__(self) -> None:
        _expect(str, "a feature is text", self.feature)

    def canonical(self) -> dict[str, str]:
        return {"kind": "adopters", "feature": self.feature}


@dataclass(frozen=True, init=False)
class Question:
    """What all questions share. Frozen, keyword-only but for the table; construction checks the shape alone."""

    table: str
    by: tuple[str, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...]
    cohort: Adopters | None
    per_account: int | None
    """Cells one account counts in, at most; None takes the contract's bound."""

    kind = ""
    unit = ""

    def __init__(
        self,
        table: str,
        *,
        by: str | Sequence[str] | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        cohort: Adopters | None = None,
        per_account: int | None = None,
    ) -> None:
        keys = () if by is None else (by,) if isinstance(by, str) else tuple(by)
        listed = {column: (v,) if isinstance(v, str) else tuple(v) for column, v in (where or {}).items()}
        _expect(str, "names and keys are text", table, *keys, *listed, *chain(*listed.values()))
        _expect(Adopters | None, "a cohort is Adopters(feature)", cohort)
        if len(set(keys)) < len(keys):
            raise UsageError("A question names the same column twice in `by`. Name each once.")
        if sum(key in TIME_GRAINS for key in keys) > 1:
            raise UsageError("A question is by day or by week, not both. Choose one.")
        _at_least_one("per_account", per_account)
        if any(not values for values in listed.values()):
            raise UsageError("A filter in `where` names no key. Name at least one of the column's public keys.")
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "by", keys)
        object.__setattr__(self, "where", tuple(sorted((c, tuple(sorted(set(v)))) for c, v in listed.items())))
        object.__setattr__(self, "cohort", cohort)
        object.__setattr__(self, "per_account", per_account)

    def at(self, grain: str) -> Self:
        """The same question with its time key at another grain."""
        return replace_field(self, by=tuple(grain if key in TIME_GRAINS else key for key in self.by))

    def canonical(self) -> dict[str, Any]:
        """The question as plain JSON values, the same for every way of writing it."""
        return {
            "kind": self.kind,
            "table": self.table,
            "by": list(self.by),
            "where": [[column, list(values)] for column, values in self.where],
            "cohort": self.cohort.canonical() if self.cohort else None,
            "per_account": self.per_account,
        }


@dataclass(frozen=True, init=False)
class CountAccounts(Question):
    """How many accounts have at least one row, in each cell.

    Parameters
    ----------
    table : a table of the contract, such as ``"events"``
    by : a column with a public list of keys, ``"day"``, ``"week"``, or several of them; None counts everybody once
    where : rows that count, as ``{column: key or keys}``
    cohort : count only these accounts
    per_account : cells one account counts in, at most

    Raises
    ------
    UsageError
        the parts do not make a question
    """

    kind = "count_accounts"
    unit = "accounts"


@dataclass(frozen=True, init=False)
class CountRows(Question):
    """How many rows there are in each cell, at most ``per_cell`` of one account in one cell.

    Parameters are those of ``CountAccounts``; ``per_cell`` None takes the contract's bound.
    """

    per_cell: int | None

    kind = "count_rows"
    unit = "rows"

    def __init__(self, table: str, *, per_cell: int | None = None, **shape: Any) -> None:
        super().__init__(table, **shape)
        _at_least_one("per_cell", per_cell)
        object.__setattr__(self, "per_cell", per_cell)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"per_cell": self.per_cell}


KINDS: dict[str, type[Question]] = {kind.kind: kind for kind in (CountAccounts, CountRows)}


def replace_field(question: Any, **changes: Any) -> Any:
    """A copy of a question with other fields (``dataclasses.replace`` would call the checking constructor)."""
    copy = object.__new__(type(question))
    copy.__dict__.update(question.__dict__ | changes)
    return copy


def question_from(raw: Mapping[str, Any]) -> Question:
    """Read a question from its JSON values. Raises UsageError for what is no question of this version."""
    kind = KINDS.get(str(raw.get("kind")))
    if kind is None:
        raise UsageError(f"There is no such kind of question. There are: {', '.join(KINDS)}.")
    try:
        fields = {name: value for name, value in raw.items() if name not in ("kind", "table")}
        cohort = fields.pop("cohort", None)
        where = {column: tuple(values) for column, values in fields.pop("where", [])}
        return kind(raw["table"], where=where, cohort=Adopters(cohort["feature"]) if cohort else None, **fields)
    except (KeyError, TypeError, ValueError):
        raise UsageError("This question does not have the fields of its kind.") from None


@dataclass(frozen=True)
class Key:
    """One key column of a bounded question: its public keys in order, and the row values that mean each of them."""

    column: str
    """The column of the rows that is matched."""
    values: tuple[tuple[str, str], ...]
    """(row value, key) pairs: a day stands for itself, or for its week."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for _, key in self.values))


@dataclass(frozen=True)
class Bounded:
    """A question with everything that decides its answer. Its ``key`` is the identity of the release."""

    question: Question
    keys: tuple[Key, ...]
    per_account: int
    per_cell: int
    population: str
    snapshot: str
    versions: tuple[tuple[str, int], ...] = ()
    """Versions of derived tables that it reads."""

    def __post_init__(self) -> None:
        if self.per_account * self.per_cell**2 >= LARGEST_SQUARE:
            raise UsageError("These bounds are too large to add up safely. Lower per_account or per_cell.")

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """Every cell's key, in the order of the public lists."""
        return list(product(*(key.keys for key in self.keys)))

    @property
    def l2(self) -> float:
        """Largest L2 norm of one account's vector, rounded up: its square is exactly checked."""
        square = self.per_account * self.per_cell**2
        norm = math.sqrt(square)
        while Fraction(norm) ** 2 < square:
            norm = math.nextafter(norm, math.inf)
        return norm

    def canonical(self) -> dict[str, Any]:
        """Question, bounds, public keys, population and versions; not its price, purpose or policy."""
        asked = self.question.canonical() | {"per_account": self.per_account, "per_cell": self.per_cell}
        return asked | {
            "keys": [[key.column, [list(pair) for pair in key.values]] for key in self.keys],
            "population": self.population,
            "versions": [list(version) for version in self.versions],
        }

    @property
    def key(self) -> str:
        """SHA-256 of the canonical text and the snapshot, 64 hex digits."""
        text = json.dumps([self.canonical(), self.snapshot], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def release_id(self) -> str:
        return f"r-{self.key[:12]}"

    def with_question(self, question: Question, keys: tuple[Key, ...], per_account: int) -> Bounded:
        """The same frame around another grain of the question."""
        return replace(self, question=question, keys=keys, per_account=per_account)

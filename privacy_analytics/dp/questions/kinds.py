"""The closed list of questions. Each is a frozen value; asking reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from privacy_analytics.dp.questions.base import Question, whole
from privacy_analytics.dp.questions.cohorts import Cohort, cohort_from
from privacy_analytics.dp.questions.steps import Between, Bins, expect, numbers, step_from
from privacy_analytics.errors import UsageError

ROWS = "rows"
"""The number that every table has: how many rows an account has."""
MOST_MONTHS = 12
MOST_WORDS = 4
MOST_PHRASES = 100
"""Of one account; every number of them up to it is priced."""
Of = Literal["mean", "total"]


@dataclass(frozen=True, init=False)
class CountAccounts(Question):
    """How many accounts have at least one row, in each cell.

    Parameters
    ----------
    table : a table of the contract, such as ``"events"``
    by : a column with a public list of keys, a grain of time (``"hour"``, ``"day"``, ``"week"``, ``"month"``),
        ``Bins`` of a number, ``Groups`` of keys, or several of them; None counts everybody once
    where : rows that count, as ``{column: key or keys}``; a flag takes True or False, a number ``Between(low, high)``
    cohort : count only these accounts, such as ``Adopters("mix_assist")``
    earlier : the cohort's rows of the month before; charged to both months
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
        whole("per_cell", per_cell)
        self._set(per_cell=per_cell)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"per_cell": self.per_cell}


@dataclass(frozen=True, init=False)
class Measured(Question):
    """What questions about a number share: its column, and public bounds to clamp it into.

    ``bounds`` None takes the contract's.
    """

    column: str
    bounds: tuple[float, float] | None

    def __init__(self, table: str, column: str, *, bounds: tuple[float, float] | None = None, **shape: Any) -> None:
        super().__init__(table, **shape)
        expect(str, "a column is text", column)
        ends = None if bounds is None else numbers("bounds are two finite numbers", *bounds)
        if ends is not None and (len(ends) != 2 or ends[0] >= ends[1]):
            raise UsageError("Bounds are (low, high) with low below high.")
        self._set(column=column, bounds=ends)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {
            "column": self.column,
            "bounds": None if self.bounds is None else list(self.bounds),
        }


@dataclass(frozen=True, init=False)
class Sum(Measured):
    """The total of a number in each cell.

    Parameters
    ----------
    bounds : (low, high) of what one account adds to one cell; None takes the contract's bounds of a row times the rows
        of an account, which is wide: ``session.suggest_bounds`` finds better ones
    """

    kind = "sum"
    unit = "sum"


@dataclass(frozen=True, init=False)
class Mean(Measured):
    """The mean over accounts of each account's mean (``of="mean"``) or total, in each cell.

    Parameters
    ----------
    column : a number of the table, or ``"rows"`` for how many rows an account has
    of : what an account is summarised to first
    bounds : (low, high) of that number; None takes the contract's
    """

    of: Of

    kind = "mean"
    unit = "mean"

    def __init__(self, table: str, column: str, *, of: Of = "mean", **shape: Any) -> None:
        super().__init__(table, column, **shape)
        if of not in ("mean", "total"):
            raise UsageError('An account is summarised to its "mean" or its "total".')
        self._set(of="total" if column == ROWS else of)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"of": self.of}


@dataclass(frozen=True, init=False)
class Quantiles(Mean):
    """Quantiles over accounts of each account's mean or total, in each cell.

    Parameters
    ----------
    probs : each above 0 and below 1, such as ``[.5, .9]``
    candidates : numbers to choose from, strictly rising; None takes 129 between the bounds, finer at the low end
    """

    probs: tuple[float, ...]
    candidates: tuple[float, ...] | None

    kind = "quantiles"
    unit = "quantile"

    def __init__(
        self,
        table: str,
        column: str,
        probs: Sequence[float],
        *,
        candidates: Sequence[float] | None = None,
        **shape: Any,
    ) -> None:
        super().__init__(table, column, **shape)
        asked = numbers("probabilities are numbers", *probs)
        fit = all(0 < prob < 1 and round(prob, 4) == prob for prob in asked)
        if not asked or not fit or any(a >= b for a, b in pairwise(asked)):
            raise UsageError("Probabilities rise strictly, above 0 and below 1, with four decimals, such as [.5, .9].")
        points = None if candidates is None else numbers("candidates are finite numbers", *candidates)
        if points is not None and (len(points) < 2 or any(a >= b for a, b in pairwise(points))):
            raise UsageError("Candidates rise strictly, and there are at least two.")
        self._set(probs=asked, candidates=points)

    def canonical(self) -> dict[str, Any]:
        points = None if self.candidates is None else list(self.candidates)
        return super().canonical() | {"probs": list(self.probs), "candidates": points}


@dataclass(frozen=True, init=False)
class Histogram(Mean):
    """How many accounts have their mean or total of a number in each bin.

    Parameters
    ----------
    edges : where one bin ends and the next begins; see ``Bins``
    """

    edges: tuple[float, ...]

    kind = "histogram"
    unit = "accounts"

    def __init__(self, table: str, column: str, edges: Sequence[float], **shape: Any) -> None:
        super().__init__(table, column, **shape)
        if column in self.names:
            raise UsageError("A histogram is not by its own column. Take it out of `by`.")
        self._set(edges=Bins(column, edges).edges)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"edges": list(self.edges)}


@dataclass(frozen=True, init=False)
class Retention(Question):
    """Of the accounts that came in each ISO week of a month, how many were active so many weeks later.

    It spans months: it is charged to each of them, at the price of both sides of a change.

    Parameters
    ----------
    months : from the cohorts' month to the session's, both counted; at least 2
    cohort_by : ``"signup"`` (week of the account's registration) or ``"active"`` (its first active week of that month)
    """

    months: int
    cohort_by: Literal["signup", "active"]

    kind = "retention"
    unit = "accounts"

    def __init__(
        self,
        table: str = "events",
        *,
        months: int = 2,
        cohort_by: Literal["signup", "active"] = "signup",
        where: Mapping[str, Any] | None = None,
        cohort: Cohort | None = None,
        by: object = None,
        per_account: int | None = None,
    ) -> None:
        super().__init__(table, where=where, per_account=per_account)
        whole("months", months, 2)
        if by or cohort or months > MOST_MONTHS or cohort_by not in ("signup", "active"):
            raise UsageError(
                f'Retention takes 2 to {MOST_MONTHS} months, cohort_by "signup" or "active", and no `by` or `cohort`.'
            )
        self._set(months=months, cohort_by=cohort_by)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"months": self.months, "cohort_by": self.cohort_by}


@dataclass(frozen=True, init=False)
class TopKeys(Question):
    """Phrases of scrubbed texts that many accounts wrote, found without a public list, and how many accounts did.

    Parameters
    ----------
    column : a text of the table
    words : of a phrase
    top : of the found phrases, how many are counted
    per_account : phrases of one account that count, at most
    """

    column: str
    words: int
    top: int

    kind = "top_keys"
    unit = "accounts"

    def __init__(
        self,
        table: str,
        column: str,
        *,
        words: int = 1,
        top: int = 100,
        where: Mapping[str, Any] | None = None,
        cohort: Cohort | None = None,
        by: object = None,
        per_account: int | None = None,
    ) -> None:
        super().__init__(table, where=where, cohort=cohort, per_account=per_account)
        expect(str, "a column is text", column)
        whole("words", words)
        whole("top", top)
        if by or words > MOST_WORDS or (per_account or 1) > MOST_PHRASES:
            raise UsageError(
                f"TopKeys takes phrases of 1 to {MOST_WORDS} words, at most {MOST_PHRASES} of an account, and no `by`."
            )
        self._set(column=column, words=words, top=top)

    def canonical(self) -> dict[str, Any]:
        return super().canonical() | {"column": self.column, "words": self.words, "top": self.top}


KINDS: dict[str, type[Question]] = {
    kind.kind: kind for kind in (CountAccounts, CountRows, Sum, Mean, Quantiles, Histogram, Retention, TopKeys)
}


def question_from(raw: Mapping[str, Any]) -> Question:
    """Read a question from its JSON values. Raises UsageError for what is no question of this version."""
    expect(Mapping, "it has fields", raw)
    kind = KINDS.get(str(raw.get("kind")))
    if kind is None:
        raise UsageError(f"There is no such kind of question. There are: {', '.join(KINDS)}.")
    try:
        fields = {name: value for name, value in raw.items() if name != "kind"}
        cohort = fields.pop("cohort", None)
        where = {column: Between(**v) if isinstance(v, Mapping) else tuple(v) for column, v in fields.pop("where", [])}
        by = tuple(map(step_from, _list(fields.pop("by", None) or [])))
        return kind(**fields, by=by, where=where, cohort=cohort_from(cohort) if cohort else None)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError("This question does not have the fields of its kind.") from None


def _list(found: Any) -> list[Any]:
    expect(list, "`by` is a list", found)
    return found

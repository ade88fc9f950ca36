"""What all questions share: a table, whitelisted steps of its rows, whose rows count, and a canonical form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from privacy_analytics.dp.questions.cohorts import Cohort
from privacy_analytics.dp.questions.steps import Between, Step, column_of, expect
from privacy_analytics.errors import UsageError

TIME_GRAINS = ("hour", "day", "week", "month")
"""Time keys of a month: hours of the day, its days, ISO weeks cut at its ends, and itself."""

Filter = str | bool | Between | Sequence[str]
"""Which rows count by one column: its key or keys, a flag, or a range of its number."""


def whole(name: str, bound: object, least: int = 1) -> None:
    """Bounds are whole numbers: OpenDP prices them, and a NaN passes every comparison. Raises UsageError."""
    if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool) or bound < least):
        raise UsageError(f"{name} is a whole number, at least {least}.")


@dataclass(frozen=True, init=False)
class Question:
    """What all questions share. Frozen, keyword-only but for the table; construction checks the shape alone."""

    table: str
    by: tuple[Step, ...]
    where: tuple[tuple[str, tuple[str, ...] | Between], ...]
    cohort: Cohort | None
    per_account: int | None
    """Cells one account counts in, at most; None takes the contract's bound."""
    earlier: bool = False
    """Whether the rows are those of the month before, of a cohort of this month."""

    kind = ""
    unit = ""

    def __init__(
        self,
        table: str,
        *,
        by: Step | Sequence[Step] | None = None,
        where: Mapping[str, Filter] | None = None,
        cohort: Cohort | None = None,
        per_account: int | None = None,
        earlier: bool = False,
    ) -> None:
        steps = () if by is None else tuple(by) if isinstance(by, Sequence) and not isinstance(by, str) else (by,)
        listed = {column: _listed(values) for column, values in (where or {}).items()}
        keys = (values for values in listed.values() if not isinstance(values, Between))
        expect(Step, "names and keys are text", *steps)
        names = [column_of(step) for step in steps]
        expect(str, "names and keys are text", table, *names, *listed, *chain(*keys))
        expect(Cohort | None, "a cohort is one of the catalogue, such as Adopters(feature)", cohort)
        expect(bool, "earlier is True or False", earlier)
        if len(set(names)) < len(names):
            raise UsageError("A question names the same column twice in `by`. Name each once.")
        if len({"day", "week", "month"}.intersection(names)) > 1:
            raise UsageError("A question is by day or by week or by month, not by two of them. Choose one.")
        whole("per_account", per_account)
        if earlier and (cohort is None or set(TIME_GRAINS) & set(names)):
            raise UsageError("earlier=True asks about a cohort's month before, without a time in `by`. Give a cohort.")
        if any(not values for values in listed.values()):
            raise UsageError("A filter in `where` names no key. Name at least one of the column's public keys.")
        self._set(table=table, by=steps, where=tuple(sorted(listed.items())), cohort=cohort, per_account=per_account)
        self._set(earlier=earlier)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of ``by``: how the answer's keys are called."""
        return tuple(map(column_of, self.by))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column or grain that it names of its table, each once."""
        named = (*self.names, *dict(self.where), getattr(self, "column", ""))
        return tuple(dict.fromkeys(name for name in named if name))

    def at(self, grain: str) -> Self:
        """The same question with its time key at another grain."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__ | {"by": tuple(grain if key in TIME_GRAINS else key for key in self.by)})
        return copy

    def canonical(self) -> dict[str, Any]:
        """The question as plain JSON values, the same for every way of writing it."""
        return {
            "kind": self.kind,
            "table": self.table,
            "by": [step if isinstance(step, str) else step.canonical() for step in self.by],
            "where": [
                [column, values.canonical() if isinstance(values, Between) else list(values)]
                for column, values in self.where
            ],
            "cohort": self.cohort.canonical() if self.cohort else None,
            "per_account": self.per_account,
            **({"earlier": True} if self.earlier else {}),
        }

    def _set(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)


def _listed(values: Filter) -> tuple[str, ...] | Between:
    if isinstance(values, Between):
        return values
    if isinstance(values, bool):
        return (str(values).lower(),)
    return (values,) if isinstance(values, str) else tuple(sorted(set(values)))

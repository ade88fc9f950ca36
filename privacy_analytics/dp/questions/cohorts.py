"""The catalogue of cohorts: public predicates of one account and its month. No free text, nothing matched or ranked on
data, so that whether one account is in does not depend on any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from privacy_analytics.dp.questions.steps import expect
from privacy_analytics.errors import UsageError

TENURES = ("this month", "under 3 months", "3 to 12 months", "over a year")
"""How long ago an account registered, at the end of the month; months of 30.4375 days."""


@dataclass(frozen=True)
class Cohort:
    """The accounts for which a predicate holds in the session's month.

    ``others()`` is the cohort to compare it with: everybody else who was active in the same months.

    Raises UsageError where the key is no text, or not on the catalogue's own list.
    """

    key: str
    rest: bool = False

    kind: ClassVar[str]
    column: ClassVar[tuple[str, str] | None] = None
    """Table and column on whose public list the key stands."""
    keys: ClassVar[tuple[str, ...]] = ()
    """The keys of a cohort without a column."""
    months: ClassVar[int] = 1
    """How many months decide: the session's, or also the one before."""

    def __post_init__(self) -> None:
        expect(str, "a cohort's key is text", self.key)
        if self.keys and self.key not in self.keys:
            raise UsageError(f"There is no such cohort. Of this kind: {', '.join(self.keys)}.")

    def others(self) -> Self:
        """Accounts that were active in the same months and are not in this cohort."""
        return replace(self, rest=not self.rest)

    def canonical(self) -> dict[str, Any]:
        return {"kind": self.kind, "key": self.key, "rest": self.rest}


class Adopters(Cohort):
    """Accounts with an event of this feature in the month."""

    kind = "adopters"
    column = ("events", "feature")


class NewAdopters(Cohort):
    """Accounts with an event of this feature in the month and none in the month before, in which they were active."""

    kind = "new_adopters"
    column = ("events", "feature")
    months = 2


class OnPlan(Cohort):
    """Accounts on this plan."""

    kind = "plan"
    column = ("accounts", "plan_tier")


class OnSystem(Cohort):
    """Accounts with an event on this operating system in the month."""

    kind = "system"
    column = ("events", "os")


class Tenure(Cohort):
    """Accounts that registered so long ago: one of ``TENURES``."""

    kind = "tenure"
    keys = TENURES


CATALOGUE: dict[str, type[Cohort]] = {kind.kind: kind for kind in (Adopters, NewAdopters, OnPlan, OnSystem, Tenure)}


def cohort(name: str) -> Cohort:
    """A cohort of the catalogue by its name, ``"adopters:mix_assist"`` or ``"plan:studio"``. Raises UsageError."""
    kind, _, key = name.partition(":")
    if kind not in CATALOGUE or not key:
        raise UsageError(f"A cohort is KIND:KEY, such as adopters:mix_assist. Kinds: {', '.join(CATALOGUE)}.")
    return CATALOGUE[kind](key.strip())


def cohort_from(raw: Mapping[str, Any]) -> Cohort:
    """Read a cohort from its JSON values. Raises KeyError or TypeError for what is none."""
    if not isinstance(raw["rest"], bool):
        raise TypeError
    return CATALOGUE[raw["kind"]](raw["key"], raw["rest"])

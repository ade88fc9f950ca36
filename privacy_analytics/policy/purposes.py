"""Purposes (policy §4): which of them there are, whose rows each counts, what it may read, who sees its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from privacy_analytics.errors import PolicyError
from privacy_analytics.policy.document import Document, Purpose, document
from privacy_analytics.policy.versions import in_force, started
from privacy_analytics.settings import Settings

UNRECORDED = ""
"""Stands for the version of rows that were taken in before versions were written down: they are the first one's."""


@dataclass(frozen=True)
class Reading:
    """How a purpose reads a dataset, or a column of it."""

    population: str = "all"
    without: tuple[str, ...] = ()
    """Versions of the policy that did not allow it: rows collected under them do not count (policy §11)."""


@dataclass(frozen=True)
class Rules:
    """The matrix of datasets, kinds of columns and purposes, at an instant."""

    versions: Sequence[tuple[str, Document]]
    """Those that took effect, oldest first: the last one is in force."""

    def readers(self, dataset: str, kind: str | None = None) -> dict[str, Reading]:
        """Each purpose that may read a dataset; of it, this kind of column."""
        return {
            name: Reading(purpose.population, self._without(name, dataset, kind))
            for name, purpose in self.versions[-1][1].purposes.items()
            if self.versions[-1][1].allows(name, dataset, kind)
        }

    def _without(self, purpose: str, dataset: str, kind: str | None) -> tuple[str, ...]:
        without = tuple(version for version, made in self.versions if not made.allows(purpose, dataset, kind))
        return (UNRECORDED, *without) if self.versions[0][0] in without else without


def rules(settings: Settings, at: datetime | None = None) -> Rules:
    """What the versions that took effect say of purposes. Raises PolicyError where a document is none."""
    return Rules([(each.version, document(settings, each.version)) for each in started(settings, at)])


def population(settings: Settings, purpose: str, at: datetime | None = None) -> str:
    """Whose rows a purpose counts: ``"all"`` or ``"not opted out"``. Raises PolicyError for an unknown purpose."""
    return check_purpose(settings, purpose, at).population


def floor(settings: Settings, purpose: str, at: datetime | None = None) -> int:
    """The smallest released number of accounts that a purpose's audience is shown. Raises as ``check_purpose``."""
    floors = settings.floors
    return floors.marketing if check_purpose(settings, purpose, at).audience == "marketing" else floors.inside


def check_purpose(settings: Settings, purpose: str, at: datetime | None = None) -> Purpose:
    """A purpose of the closed list (policy §4): the version in force names it, and it has a share of the loss.

    Raises PolicyError for any other.
    """
    version = in_force(settings, at).version
    known = document(settings, version).purposes
    if purpose not in known or purpose not in settings.loss.shares:
        names = ", ".join(name for name in known if name in settings.loss.shares)
        raise PolicyError(f"There is no such purpose. Choose one of: {names}.")
    return known[purpose]


def refusal(purpose: str, may: Iterable[str], asked: str) -> PolicyError:
    """What a purpose is told that asks about a dataset which it may not read."""
    return PolicyError(
        f"Purpose {purpose!r} may read: releases about {', '.join(may) or 'nothing'}. Requested: {asked}."
    )

"""From a question to a bounded question: public keys and bounds from the contract, a refusal with a hint otherwise.

Nothing here reads data: what is refused, and why, follows from the question, the contract and the calendar.
"""

from __future__ import annotations

import difflib
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from math import prod

from privacy_analytics import policy
from privacy_analytics.contracts import Column, Table
from privacy_analytics.dp.questions import TIME_GRAINS, Bounded, CountRows, Key, Question
from privacy_analytics.errors import PolicyError, UsageError

DERIVED_VERSIONS = {"sessions": 1}
"""Raised when a derived table is computed differently, so that its questions get a new identity."""

MOST_CELLS = 100_000
"""Beyond it every cell is noise, and drawing the noise takes minutes."""


def resolve(question: Question, tables: Mapping[str, Table], *, purpose: str, month: str, snapshot: str) -> Bounded:
    """Fill a question's bounds and public keys in.

    Raises
    ------
    UsageError
        an unknown table, column or key, with the nearest known one
    PolicyError
        the purpose may not read a column
    """
    table = tables.get(question.table)
    if table is None:
        raise UsageError(f"There is no such table.{nearest(question.table, tables)} Tables: {', '.join(tables)}.")
    keys = tuple(_key(table, name, purpose, month) for name in question.by)
    for name, values in question.where:
        column = _column(table, name, purpose)
        if unknown := [value for value in values if value not in column.values]:
            hint = nearest(unknown[0], column.values)
            raise UsageError(f"`where` names a key that is not on the public list of {name}.{hint}")
    if question.cohort:
        adopted = _column(tables["events"], "feature", purpose)
        if question.cohort.feature not in adopted.values:
            hint = nearest(question.cohort.feature, adopted.values)
            raise UsageError(f"The cohort's feature is not on the public list of features.{hint}")
    cells = prod(len(key.keys) for key in keys)
    if cells > MOST_CELLS:
        raise UsageError(f"This question has {cells:,} cells, at most {MOST_CELLS:,} are counted. Use fewer columns.")
    most = prod(_cells(table, key, name) for key, name in zip(keys, question.by, strict=True))
    rows = isinstance(question, CountRows)
    return Bounded(
        question=question,
        keys=keys,
        per_account=min(question.per_account or most, cells),
        per_cell=(question.per_cell or table.rows_per_account) if rows else 1,
        population=policy.population(purpose),
        snapshot=snapshot,
        versions=tuple((name, v) for name, v in DERIVED_VERSIONS.items() if name == question.table),
    )


def grains(question: Question) -> tuple[Question, ...]:
    """The question from its own grain of time to the coarsest."""
    if "day" in question.by:
        return question, question.at("week")
    return (question,)


def days(month: str) -> list[date]:
    """The days of a month written as "2026-10"."""
    year, number = map(int, month.split("-"))
    return [date(year, number, day + 1) for day in range(monthrange(year, number)[1])]


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the closest known word, or nothing. The word itself is never repeated."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def _key(table: Table, name: str, purpose: str, month: str) -> Key:
    if name == "day":
        return Key("day", tuple((str(day), str(day)) for day in days(month)))
    if name == "week":
        weeks = [(str(day), f"{day.isocalendar().year}-W{day.isocalendar().week:02}") for day in days(month)]
        return Key("day", tuple(weeks))
    column = _column(table, name, purpose)
    return Key(name, tuple((value, value) for value in column.values))


def _cells(table: Table, key: Key, name: str) -> int:
    """How many of a column's keys one account counts in by default: every day, a few features."""
    return len(key.keys) if name in TIME_GRAINS else min(table.columns[name].cells, len(key.keys))


def _column(table: Table, name: str, purpose: str) -> Column:
    column = table.columns.get(name)
    keyed = [name for name, spec in table.columns.items() if spec.kind == "key"]
    if column is None:
        raise UsageError(
            f"{table.name} has no such column.{nearest(name, keyed)} By: {', '.join([*keyed, *TIME_GRAINS])}."
        )
    if column.kind != "key":
        raise UsageError(
            f"{table.name}.{name} has no public list of keys, so nothing can be counted by it. "
            f"By: {', '.join([*keyed, *TIME_GRAINS])}."
        )
    if purpose not in column.purposes:
        raise PolicyError(
            f"Purpose {purpose!r} may not read {table.name}.{name}. It may be read for: {', '.join(column.purposes)}."
        )
    return column

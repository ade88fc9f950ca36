"""From a question to a bounded question: public keys and bounds from the contract, a refusal with a hint otherwise.

Nothing here reads data: what is refused, and why, follows from the question, the contract and the calendar.
"""

from __future__ import annotations

import difflib
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from math import ceil, floor, prod

from privacy_analytics import policy, themes
from privacy_analytics.contracts import Column, Table
from privacy_analytics.dp.questions import (
    ROWS,
    TIME_GRAINS,
    Between,
    Bins,
    Bounded,
    CountRows,
    Groups,
    Histogram,
    Key,
    Measured,
    Quantiles,
    Question,
    Retention,
    Step,
    Sum,
    TopKeys,
    Value,
    column_of,
)
from privacy_analytics.errors import PolicyError, UsageError

DERIVED_VERSIONS = {"phrases": 2, "sessions": 2, "themes": themes.VERSION}
"""Raised when a derived table, or what is joined to one, is computed differently: its questions get a new identity."""

MOST_CELLS = 100_000
"""Beyond it every cell is noise, and drawing the noise takes minutes."""
STEPS = 10_000
"""A number's bounds are at least so many steps of its fixed point apart: the noise is far wider than one."""
CANDIDATES = 128
"""Quantiles choose from one more than so many numbers, unless the question lists its own."""
PHRASES = 15
"""Phrases of one account that count, unless the question says otherwise: of 5 to 30 this found the most."""


def resolve(question: Question, tables: Mapping[str, Table], *, purpose: str, month: str, snapshot: str) -> Bounded:
    """Fill a question's bounds and public keys in.

    Raises
    ------
    UsageError
        an unknown table, column or key, with the nearest known one; a number without bounds
    PolicyError
        the purpose may not read a table or column
    """
    table = tables.get(question.table)
    if table is None:
        raise UsageError(f"There is no such table.{nearest(question.table, tables)} Tables: {', '.join(tables)}.")
    may_read(tables, table.name, purpose)
    _check_filters(question, tables, table, purpose)
    months = months_of(question, month)
    keys = _retention(months) if isinstance(question, Retention) else tuple(
        _key(table, step, purpose, month) for step in question.by
    )  # fmt: skip
    groups = prod(len(key.keys) for key in keys)
    value = _value(question, table, purpose) if isinstance(question, Measured) else None
    return Bounded(
        question=question,
        keys=keys,
        per_account=_per_account(question, table, keys, groups, purpose),
        per_cell=_per_cell(question, table, value),
        population=table.purposes[purpose].population,
        snapshot=snapshot,
        versions=_versions(question),
        value=value,
        places=_places(question, value, groups),
        months=months if len(months) > 1 else (),
        without=_without(question, tables, table, purpose),
    )


def may_read(tables: Mapping[str, Table], name: str, purpose: str) -> None:
    """Raise PolicyError where a purpose may not read a table."""
    if purpose not in tables[name].purposes:
        raise policy.refusal(purpose, sorted(each.name for each in tables.values() if purpose in each.purposes), name)


def _without(
    question: Question, tables: Mapping[str, Table], table: Table, purpose: str
) -> tuple[tuple[str, str], ...]:
    """(table, version of the policy) pairs: rows of that table collected under that version do not count.

    Raises PolicyError where the purpose may not read one of the tables that the question reads.
    """
    asked = [name for name in question.columns if name in table.columns]
    read = [(table, asked), *((tables[of], []) for name in asked if (of := table.columns[name].joined))]
    if isinstance(question, Retention) and question.cohort_by == "signup":
        read.append((tables["accounts"], []))
    if cohort := question.cohort:
        of, *names = cohort.column or ("accounts",)
        read += [(tables[of], names), *([(tables["events"], [])] if cohort.rest else [])]
    pairs: dict[tuple[str, str], None] = {}
    for each, names in read:
        may_read(tables, each.name, purpose)
        for readers in (each.purposes, *(each.columns[name].purposes for name in names)):
            if purpose in readers:
                pairs |= dict.fromkeys((each.name, version) for version in readers[purpose].without)
    return tuple(sorted(pairs))


def _versions(question: Question) -> tuple[tuple[str, int], ...]:
    derived = {question.table, "phrases"} if isinstance(question, TopKeys) else {question.table}
    return tuple((name, version) for name, version in DERIVED_VERSIONS.items() if name in derived)


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


def months_of(question: Question, month: str) -> tuple[str, ...]:
    """The months that a question reads in a session's month, oldest first."""
    if isinstance(question, Retention):
        count = question.months
    else:
        count = max(1 + question.earlier, question.cohort.months if question.cohort else 1)
    last = int(month[:4]) * 12 + int(month[5:]) - 1
    return tuple(f"{at // 12}-{at % 12 + 1:02}" for at in range(last - count + 1, last + 1))


def _key(table: Table, step: Step, purpose: str, month: str) -> Key:
    name = column_of(step)
    if isinstance(step, Bins):
        _readable(table, name, purpose, "number", name)
        return Key(name, tuple((str(at), label) for at, label in enumerate(step.labels)), step.edges)
    if isinstance(step, Groups):
        keys = _readable(table, name, purpose, "key", name).values
        of = {key: group for group, members in step.groups for key in members}
        _listed(name, of, keys)
        return Key(name, tuple((key, of.get(key, "other")) for key in keys))
    if name == "hour":
        return Key(name, tuple((f"{hour:02}", f"{hour:02}") for hour in range(24)))
    if name in TIME_GRAINS:
        return Key("day", tuple((str(day), _grain(day, name)) for day in days(month)))
    column = _readable(table, name, purpose, "key", name)
    return Key(name, tuple((value, value) for value in column.values))


def _grain(day: date, name: str) -> str:
    iso = day.isocalendar()
    return {"day": str(day), "week": f"{iso.year}-W{iso.week:02}", "month": f"{day:%Y-%m}"}[name]


def _retention(months: tuple[str, ...]) -> tuple[Key, Key]:
    """Weeks in which accounts came, and how many weeks later: as many as are over for the last of them, too."""
    came, last = days(months[0]), days(months[-1])[-1]
    monday = came[-1] - timedelta(days=came[-1].weekday())
    later = (last - timedelta(days=6) - monday).days // 7
    weeks = tuple(str(week) for week in range(later + 1))
    return Key("cohort", tuple((str(day), _grain(day, "week")) for day in came)), Key(
        "week", tuple((week, week) for week in weeks)
    )


def _per_account(question: Question, table: Table, keys: tuple[Key, ...], groups: int, purpose: str) -> int:
    """Cells an account counts in: every day, a few features; unless the question says so, what the contract does."""
    if isinstance(question, TopKeys):
        _readable(table, question.column, purpose, "text", question.column)
        return question.per_account or PHRASES
    cells = groups * (len(question.edges) + 1 if isinstance(question, Histogram) else 1)
    if cells > MOST_CELLS:
        raise UsageError(f"This question has {cells:,} cells, at most {MOST_CELLS:,} are counted. Use fewer columns.")
    if isinstance(question, Retention):
        return min(question.per_account or groups, len(keys[1].keys))
    most = prod(
        len(key.keys) if name in TIME_GRAINS or key.edges else min(table.columns[name].cells, len(key.keys))
        for key, name in zip(keys, question.names, strict=True)
    )
    if table.name == "accounts":  # one row an account
        most = 1
    return min(question.per_account or most, groups)


def _per_cell(question: Question, table: Table, value: Value | None) -> int:
    """What an account adds to one cell, in steps where it is a number."""
    if isinstance(question, CountRows):
        return question.per_cell or table.rows_per_account
    if value is None or isinstance(question, Quantiles | Histogram):
        return 1
    low, high = value.span
    return max(abs(low), abs(high)) if isinstance(question, Sum) else high - (low + high) // 2


def _value(question: Measured, table: Table, purpose: str) -> Value:
    """The number in fixed point, 1 in 10,000 of its bounds or finer: by the contract's bounds, or the question's."""
    rows, total = table.rows_per_account, isinstance(question, Sum) or getattr(question, "of", "") == "total"
    if question.column == ROWS:
        bounds = (0, 1)
    else:
        known = _readable(table, question.column, purpose, "number", question.column).bounds
        bounds = known or (None if total else question.bounds)
    if bounds is None:
        instead = "Declare them" if total else "Give its question bounds=(low, high), or declare them"
        raise UsageError(f"{table.name}.{question.column} has no public bounds. {instead} in workspace.toml.")
    span = question.bounds or ((rows * bounds[0], rows * bounds[1]) if total else bounds)
    low, high = bounds if total else span
    units = 1
    while (high - low) * units < STEPS and question.column != ROWS:
        units *= 10
    ends = floor(low * units), ceil(high * units)
    totals = (floor(span[0] * units), ceil(span[1] * units)) if total else None
    return Value(question.column, *ends, units, totals)


def _places(question: Question, value: Value | None, groups: int) -> tuple[int, ...]:
    """Edges of a histogram or candidates of quantiles, in steps."""
    if value is None or not isinstance(question, Quantiles | Histogram):
        return ()
    low, high = value.span
    if isinstance(question, Histogram):
        points = [round(edge * value.units) for edge in question.edges]
        if len(set(points)) < len(points):
            raise UsageError(f"The edges are closer than 1/{value.units} of the column's unit. Take fewer of them.")
    elif question.candidates:
        points = [round(point * value.units) for point in question.candidates]
    else:  # finer at the low end: durations and counts are skewed
        points = [low + round((high - low) * (at / CANDIDATES) ** 2) for at in range(CANDIDATES + 1)]
    if groups * len(points) > MOST_CELLS * 10:
        raise UsageError("These are too many groups for quantiles. Use fewer columns in `by`, or fewer candidates.")
    return tuple(sorted(set(points)))


def _check_filters(question: Question, tables: Mapping[str, Table], table: Table, purpose: str) -> None:
    for name, values in question.where:
        if isinstance(values, Between):
            _readable(table, name, purpose, "number", name)
            continue
        column = _readable(table, name, purpose, "key or flag", name)
        _listed(name, values, column.values)
    if question.cohort and question.cohort.column:
        of, name = question.cohort.column
        known = _readable(tables[of], name, purpose, "key", name).values
        if question.cohort.key not in known:
            hint = nearest(question.cohort.key, known)
            raise UsageError(f"The cohort's key is not on the public list of {name}.{hint}")


def _listed(name: str, values: Iterable[str], known: tuple[str, ...]) -> None:
    if unknown := [value for value in values if value not in known]:
        raise UsageError(
            f"The question names a key that is not on the public list of {name}.{nearest(unknown[0], known)}"
        )


def _readable(table: Table, name: str, purpose: str, kind: str, asked: str) -> Column:
    """A column of this kind that the purpose may read."""
    column = table.columns.get(name)
    fit = [column for column, spec in table.columns.items() if spec.kind in kind]
    grains = TIME_GRAINS if kind == "key" else (ROWS,) if kind == "number" else ()
    known = f"Of this kind: {', '.join([*fit, *grains]) or 'none'}."
    if column is None:
        raise UsageError(f"{table.name} has no such column.{nearest(asked, fit)} {known}")
    if column.kind not in kind:
        why = "has no public list of keys, so nothing can be counted by it" if kind == "key" else f"is no {kind}"
        raise UsageError(f"{table.name}.{name} {why}. {known}")
    if purpose not in column.purposes:
        may = f"It may be read for: {', '.join(column.purposes)}." if column.purposes else "No purpose may."
        raise PolicyError(f"Purpose {purpose!r} may not read {table.name}.{name}. {may}")
    return column

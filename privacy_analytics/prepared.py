"""From snapshots to the rows that a question counts, on every engine: the half of the plan before ``dp.bounding``.

Every step reads one account's rows and public constants alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, cast

import narwhals as nw

from privacy_analytics.collected import Collected, Source
from privacy_analytics.dp.questions import ROWS, TIME_GRAINS, Between, Bounded, Key, Question, Retention, TopKeys
from privacy_analytics.joined import joined
from privacy_analytics.members import begins, members

if TYPE_CHECKING:
    from privacy_analytics.contracts import Table
    from privacy_analytics.lake.standing import Frame
    from privacy_analytics.snapshots import Snapshot

NOWHERE = -1
"""The cell of a row that is in none."""


class Prepared:
    """The rows of questions about some snapshots.

    Parameters
    ----------
    source : where rows are read
    snapshots : of the months that the question reads, oldest first
    zone : in which hours and days are cut
    """

    def __init__(self, source: Source, tables: Mapping[str, Table], snapshots: Sequence[Snapshot], zone: str) -> None:
        self._source, self._tables, self._snapshots, self._zone = source, tables, snapshots, zone

    def rows(self, bounded: Bounded) -> Frame:
        """``account``, ``account_hash``, ``cell`` (int32, NOWHERE for none) and ``number`` (float64) of each row.

        Of everybody, unless the question is of Retention: who counts says ``population``.
        """
        question = bounded.question
        retention = isinstance(question, Retention)
        rows = self._cohorts(bounded) if retention else self._counted(bounded, self._asked(question))
        cell = nw.lit(0, dtype=nw.Int32)
        for number, key in enumerate(bounded.keys):
            rows = self._placed(rows, bounded, key, place := f"__place{number}")
            cell = cell * len(key.keys) + _index(nw.col(place), key)
        columns = [cell.fill_null(NOWHERE).alias("cell")]
        if bounded.value:
            number = nw.lit(1.0) if bounded.value.column == ROWS else nw.col(bounded.value.column)
            columns.append(number.cast(nw.Float64).alias("number"))
        return rows.select("account", "account_hash", *columns)

    def texts(self, bounded: Bounded) -> Frame:
        """``account``, ``account_hash`` and ``text`` of each row that counts, of whoever counts."""
        text = nw.col(cast("TopKeys", bounded.question).column).alias("text")
        return self._whole(bounded, self._snapshots[-1]).select("account", "account_hash", text)

    def population(self, accounts: Frame, bounded: Bounded) -> Frame:
        """What is of an account that counts. Far cheaper for a list of accounts than for their rows.

        Who is held back, opted out or limited today is left out of every new answer, whatever month it is about.
        """
        source, marks = self._source, ["minor", "hold"]
        left_out = [source.held()]
        if bounded.question.table == "themes" or isinstance(bounded.question, TopKeys):
            marks.append("limit")
        if bounded.question.cohort:
            of = members(bounded.question.cohort, self._collected(bounded), self._snapshots, self._zone)
            accounts = accounts.join(of, on="account", how="semi")
        if bounded.population == "not opted out":
            marks.append("opt_out")
            flags = nw.col("opted_out").fill_null(value=False) | nw.col("gpc").fill_null(value=False)
            left_out.append(source.accounts(source.lake.batches()).filter(flags).select("account"))
        return accounts.join(nw.concat([*left_out, source.marked(*marks)]), on="account", how="anti")

    def _counted(self, bounded: Bounded, snapshot: Snapshot) -> Frame:
        """Rows of one month that count if their account does."""
        question, source = bounded.question, self._collected(bounded)
        table = self._tables[question.table]
        if question.table == "accounts":
            rows = source.accounts(snapshot.batches)  # they belong to no month; a snapshot holds them as they were
            if set(TIME_GRAINS) & set(question.names):  # created in the month
                first, after = _first(snapshot.month), _first(_following(snapshot.month))
                rows = rows.filter(nw.col("day") >= first, nw.col("day") < after)
        else:
            rows = source.scan(question.table, snapshot.month, snapshot.batches)
        rows = joined(rows, question, table, source, snapshot)
        for column, values in question.where:
            rows = rows.filter(_passes(nw.col(column), values, table.columns[column].kind))
        return rows

    def _collected(self, bounded: Bounded) -> Source:
        """The rows as far as the question's purpose may count them."""
        return Collected(self._source, bounded.without) if bounded.without else self._source

    def _asked(self, question: Question) -> Snapshot:
        """Of the session's month, or of the one before."""
        return self._snapshots[-2 if question.earlier else -1]

    def _whole(self, bounded: Bounded, snapshot: Snapshot) -> Frame:
        return self.population(self._counted(bounded, snapshot), bounded)

    def _cohorts(self, bounded: Bounded) -> Frame:
        """Rows of all months with ``cohort``, the day of the first one on which their account came, counted from 0,
        and ``week``, how many weeks later. Whoever came in no such day has none.
        """
        question, first = cast("Retention", bounded.question), self._snapshots[0].month
        months = [
            self._whole(bounded, each).select("account", "account_hash", at=_since(first, each.month))
            for each in self._snapshots
        ]
        if question.cohort_by == "signup":
            start, end = (begins(month, self._zone).astimezone(UTC) for month in (first, _following(first)))
            created = nw.col("created_at")
            accounts = self._collected(bounded).accounts(self._snapshots[-1].batches)
            here = created.dt.convert_time_zone(self._zone).dt.day().cast(nw.Int32) - 1
            came = accounts.filter(created >= start, created < end).select("account", cohort=here)
        else:
            came = months[0].group_by("account").agg(cohort=nw.col("at").min())
        monday = _first(first).weekday()
        week = (nw.col("at") + monday) // 7 - (nw.col("cohort") + monday) // 7
        return nw.concat(months).join(came, on="account", how="inner").with_columns(week=week.cast(nw.Int32))

    def _placed(self, rows: Frame, bounded: Bounded, key: Key, place: str) -> Frame:
        """The rows with the index of their value among those of a key; other numbers, or none, are none of them."""
        column = nw.col(key.column)
        if key.edges:
            above = nw.sum_horizontal(*[(column >= edge).cast(nw.Int32) for edge in key.edges])
            at = nw.when(~column.is_null() & ~column.is_nan()).then(above)
        elif isinstance(bounded.question, Retention):
            at = column
        elif key.column == "day":  # of one month, listed without a gap
            at = column.dt.day().cast(nw.Int32) - 1
        elif key.column == "hour":
            time = nw.col(self._tables[bounded.question.table].time)
            at = time.dt.convert_time_zone(self._zone).dt.hour().cast(nw.Int32)
        else:
            return self._source.listed(rows, place, key.column, [value for value, _ in key.values])
        return rows.with_columns(at.alias(place))


def _index(place: nw.Expr, key: Key) -> nw.Expr:
    """The index in ``key.keys`` of what a value among those of the key means; null where it is none of them."""
    index = {name: position for position, name in enumerate(key.keys)}
    means = [index[name] for _, name in key.values]
    if means == list(range(len(means))):
        return nw.when((place >= 0) & (place < len(means))).then(place)
    return place.replace_strict(list(range(len(means))), means, default=None, return_dtype=nw.Int32)


def _passes(column: nw.Expr, values: tuple[str, ...] | Between, kind: str) -> nw.Expr:
    """Whether a row's own number, flag or key is among those that count; a missing one is not."""
    if not isinstance(values, Between):
        return column.is_in([value == "true" for value in values] if kind == "flag" else list(values))
    passes = ~column.is_null() & ~column.is_nan()
    if values.low is not None:
        passes &= column >= values.low
    return passes if values.high is None else passes & (column < values.high)


def _since(first: str, month: str) -> nw.Expr:
    """How many days a row of a month lies after the start of the first one."""
    return nw.col("day").dt.day().cast(nw.Int32) + (_first(month) - _first(first)).days - 1


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _following(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"

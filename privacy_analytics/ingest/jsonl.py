"""JSON lines to untyped columns: what is wrong with a line is the matter of that line alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, cast

import polars as pl

from privacy_analytics.ingest.maps import TURN, TableMap

Row = tuple[dict[str, Any], int, str | None]
"""(values by our names, line, rule that it broke)"""
_TURNS = pl.List(pl.Struct(dict.fromkeys(TURN, pl.String)))


class _Broken(Exception):
    """A line that breaks a rule; ``rule`` is all that is kept of it."""

    def __init__(self, rule: str) -> None:
        self.rule = rule


class Reader:
    """Reads lines of one table under one map."""

    def __init__(self, declared: Collection[str], fit: TableMap) -> None:
        self.schema = {
            **{name: _TURNS if name == "messages" else pl.String() for name in declared if name not in fit.constants},
            **{f"?{name}": pl.String() for name in fit.where},
        }
        self.fit, self.declared = fit, declared

    def row(self, line: int, raw: bytes | None) -> Row:
        """One line; None stands for one that was too long to be read."""
        try:
            return self._values(_parsed(raw), line)
        except _Broken as broken:
            return {}, line, broken.rule

    def frame(self, rows: list[Row]) -> pl.DataFrame:
        """The rows as text columns, with ``#line`` and ``#rule``."""
        values = pl.DataFrame([values for values, _, _ in rows], schema=self.schema, orient="row")
        lines = pl.Series("#line", [line for _, line, _ in rows], pl.Int64)
        return values.with_columns(lines, pl.Series("#rule", [rule for _, _, rule in rows], pl.String))

    def _values(self, row: Mapping[str, Any], line: int) -> Row:
        """What fits is kept also of a broken row: whose it is, and whether that account is of age, still counts."""
        values: dict[str, Any] = {f"?{name}": _text(row.get(name), name) for name in self.fit.where}
        rule: str | None = None
        for theirs, value in row.items():
            try:
                if (ours := _ours(theirs, self.fit, self.declared, "row")) is not None:
                    values[ours] = self._turns(value) if ours == "messages" else _text(value, ours)
            except _Broken as broken:
                rule = rule or broken.rule
        return values, line, rule

    def _turns(self, value: Any) -> list[dict[str, str | None]] | None:
        if value is None:
            return None
        if not isinstance(value, list):
            raise _Broken("messages|type")
        fit = self.fit.messages or TableMap()
        turns: list[dict[str, str | None]] = []
        for turn in cast("list[Any]", value):
            if not isinstance(turn, dict):
                raise _Broken("messages|type")
            fields = cast("dict[str, Any]", turn)
            named = {theirs: _ours(theirs, fit, TURN, "messages") for theirs in fields}
            turns.append({ours: _text(fields[theirs], "messages") for theirs, ours in named.items() if ours})
        return turns


def loose(raw: bytes | None) -> dict[str, Any] | None:
    """A line as it is, or None where it is no JSON object."""
    try:
        return _parsed(raw)
    except _Broken:
        return None


def _parsed(raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        raise _Broken("row|too_long")
    try:
        row = json.loads(raw.decode("utf-8"))
        if b"\\ud" in raw.lower():  # an escaped half of a surrogate pair is no text
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeError:
        raise _Broken("row|encoding") from None
    except ValueError:
        raise _Broken("row|json") from None
    except RecursionError:
        raise _Broken("row|depth") from None
    if not isinstance(row, dict):
        raise _Broken("row|json")
    return cast("dict[str, Any]", row)


def _ours(theirs: str, fit: TableMap, declared: Collection[str], where: str) -> str | None:
    try:
        return fit.ours(theirs, declared)
    except KeyError:
        raise _Broken(f"{where}|undeclared") from None


def _text(value: Any, column: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    raise _Broken(f"{column}|type")

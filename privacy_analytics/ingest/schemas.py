"""What the files of a table may hold, as a dataframely schema: built from the contract, for an intake alone.

Ingest alone loads dataframely, since it brings all of SQLAlchemy with it: a question needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, cast

import dataframely as dy

from privacy_analytics.contracts import MAX_MESSAGE, Column, Kind

LINE = "#line"
"""Where a row comes from: a column that every chunk has beside those of its contract."""


def schema(columns: Mapping[str, Column]) -> type[dy.Schema]:
    """The schema of rows with these columns and ``#line``; its rules are named ``column|rule``."""
    asked = ((name, _Asked(each.kind, each.nullable, each.roles, each.rule)) for name, each in columns.items())
    return _built(tuple(asked))


class _Asked(NamedTuple):
    """What a column asks of a file."""

    kind: Kind
    nullable: bool
    roles: tuple[str, ...]
    rule: str | None


@cache
def _built(columns: tuple[tuple[str, _Asked], ...]) -> type[dy.Schema]:
    held = {name: _held(column) for name, column in columns}
    return cast("type[dy.Schema]", type("Export", (dy.Schema,), {**held, LINE: dy.Int64()}))


def _held(column: _Asked) -> dy.Column:
    match column.kind:
        case "account" | "id":
            return dy.String(nullable=column.nullable, min_length=1, max_length=200)
        case "identity":
            return dy.String(nullable=column.nullable, max_length=320)
        case "key":
            return dy.String(nullable=column.nullable, max_length=300)
        case "text":
            return dy.String(nullable=column.nullable, max_length=MAX_MESSAGE)
        case "time":
            return dy.Datetime(nullable=column.nullable, time_zone="UTC")
        case "number":
            return dy.Float64(nullable=column.nullable, allow_inf=False, allow_nan=False)
        case "flag":
            check = {column.rule: lambda flag: flag} if column.rule else None
            return dy.Bool(nullable=column.nullable, check=check)
        case "messages":
            return dy.List(_turn(column.roles), nullable=column.nullable, max_length=20_000)


def _turn(roles: tuple[str, ...]) -> dy.Struct:
    return dy.Struct(
        {
            "role": dy.String(nullable=False, regex=f"^({'|'.join(roles)})$"),
            "content": dy.String(nullable=False, max_length=MAX_MESSAGE),
            "sent_at": dy.Datetime(nullable=True, time_zone="UTC"),
            "channel": dy.String(nullable=True, regex="^(text|voice)$"),
            "voice_seconds": dy.Float64(nullable=True, min=0, max=86_400),
        }
    )

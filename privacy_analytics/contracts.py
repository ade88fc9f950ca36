"""What an export may hold, and what a question may ask of it: one schema a table, public bounds in each column.

The dataframely schemas below describe the *export*. Each column says through its metadata (a ``Column``) what
becomes of it on the way into the lake and what a question may do with it. ``tables()`` is the *lake*: the
same columns less identities, plus the derived tables ``messages`` and ``sessions`` and what the workspace declares.

Every lake table also has ``account`` (pseudonym, 32 hex digits), ``account_hash`` and ``row_id`` (int64), ``month``
("2026-10") and ``day`` (date), both cut in the workspace's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import dataframely as dy

from privacy_analytics.errors import SettingsError
from privacy_analytics.keys import key_list
from privacy_analytics.settings import DeclaredColumn, Settings

Kind = Literal["account", "identity", "id", "time", "key", "number", "flag", "text", "messages"]
EVERYONE = ("usage", "cohorts", "marketing", "exploration", "revisions")
INSIDE = ("usage", "cohorts", "exploration", "revisions")
MAX_MESSAGE = 32_000
"""Characters of one text field; a longer one quarantines its row."""


@dataclass(frozen=True)
class Column:
    """What becomes of a column: its kind, who may ask for it, and its public bounds."""

    kind: Kind
    purposes: tuple[str, ...] = ()
    keys: str | None = None
    """Name of the public list of keys."""
    bounds: tuple[int, int] | None = None
    cells: int = 1
    """How many of the keys one account counts in, unless the question says otherwise."""
    values: tuple[str, ...] = ()
    """The public list itself, ``other`` last; filled in by ``tables()``."""


def _meta(column: Column) -> dict[str, Any]:
    return {"column": column}


def _account() -> dy.String:
    return dy.String(nullable=False, min_length=1, max_length=200, metadata=_meta(Column("account")))


def _identity() -> dy.String:
    return dy.String(nullable=True, max_length=320, metadata=_meta(Column("identity")))


def _id(*, nullable: bool = False) -> dy.String:
    return dy.String(nullable=nullable, min_length=1, max_length=200, metadata=_meta(Column("id")))


def _time(*, nullable: bool = False) -> dy.Datetime:
    return dy.Datetime(nullable=nullable, time_zone="UTC", metadata=_meta(Column("time", EVERYONE)))


def _key(keys: str, *, cells: int = 1, nullable: bool = True, purposes: tuple[str, ...] = EVERYONE) -> dy.String:
    column = Column("key", purposes, keys=keys, cells=cells)
    return dy.String(nullable=nullable, max_length=300, metadata=_meta(column))


def _number(low: int, high: int) -> dy.Float64:
    """A number is clamped into its bounds when it is asked for, not when it is stored."""
    return dy.Float64(
        nullable=True, allow_inf=False, allow_nan=False, metadata=_meta(Column("number", INSIDE, bounds=(low, high)))
    )


def _flag() -> dy.Bool:
    return dy.Bool(nullable=True, metadata=_meta(Column("flag", INSIDE)))


def _text(*, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, max_length=MAX_MESSAGE, metadata=_meta(Column("text")))


def _messages(roles: tuple[str, ...]) -> dy.List:
    """Turns of a conversation, in order."""
    turn = dy.Struct(
        {
            "role": dy.String(nullable=False, regex=f"^({'|'.join(roles)})$"),
            "content": dy.String(nullable=False, max_length=MAX_MESSAGE),
            "sent_at": dy.Datetime(nullable=True, time_zone="UTC"),
            "channel": dy.String(nullable=True, regex="^(text|voice)$"),
            "voice_seconds": dy.Float64(nullable=True, min=0, max=86_400),
        }
    )
    return dy.List(turn, nullable=False, max_length=20_000, metadata=_meta(Column("messages")))


class Accounts(dy.Schema):
    """One row an account; the newest row of an account holds."""

    account_id = _account()
    email = _identity()
    username = _identity()
    name = _identity()
    country = _key("countries")
    region = _key("regions")
    created_at = _time(nullable=True)
    age_attested = dy.Bool(nullable=False, metadata=_meta(Column("flag")), check={"is_adult": lambda flag: flag})
    plan_tier = _key("plan_tiers")
    opted_out = _flag()
    gpc = _flag()


class Chats(dy.Schema):
    """One row a conversation, with both sides of it."""

    account_id = _account()
    conversation_id = _id()
    started_at = _time()
    ended_at = _time(nullable=True)
    topic = _key("topics", cells=3)
    messages = _messages(("user", "assistant"))


class Events(dy.Schema):
    """One row a telemetry event."""

    account_id = _account()
    event_id = _id(nullable=True)
    session_id = _id(nullable=True)
    occurred_at = _time()
    event = _key("events", cells=8, nullable=False)
    feature = _key("features", cells=8)
    duration_ms = _number(0, 3_600_000)
    os = _key("os", cells=2)
    browser = _key("browsers", cells=2)
    host = _key("hosts", cells=2)
    app_version = _key("app_versions", cells=2)
    country = _key("countries", cells=2)


class Performance(dy.Schema):
    """One row a measured duration."""

    account_id = _account()
    measurement_id = _id(nullable=True)
    occurred_at = _time()
    metric = _key("metrics", cells=4, nullable=False)
    value_ms = _number(0, 60_000)
    app_version = _key("app_versions", cells=2)


class Crashes(dy.Schema):
    """One row a crash; its stack text is scrubbed and never asked for."""

    account_id = _account()
    crash_id = _id(nullable=True)
    occurred_at = _time()
    code = _key("crash_codes", cells=3)
    app_version = _key("app_versions", cells=2)
    os = _key("os", cells=2)
    stack = _text()


class Support(dy.Schema):
    """One row a ticket, with both sides of it."""

    account_id = _account()
    ticket_id = _id()
    opened_at = _time()
    topic = _key("support_topics", cells=3)
    subject = _text()
    messages = _messages(("user", "agent"))


@dataclass(frozen=True)
class Table:
    """One table: its export schema (None for a derived one), the time it is cut by, what its rows are told apart by."""

    name: str
    schema: type[dy.Schema] | None
    time: str
    id: str | None
    columns: Mapping[str, Column]
    rows_per_account: int
    """How many rows of one account a CountRows counts in one cell, unless the question says otherwise."""


EXPORTS: dict[str, type[dy.Schema]] = {
    "accounts": Accounts,
    "chats": Chats,
    "events": Events,
    "performance": Performance,
    "crashes": Crashes,
    "support": Support,
}
"""In the order in which an export is read: accounts first, since texts are scrubbed of their account's identifiers."""

_DERIVED: dict[str, dict[str, Column]] = {
    "messages": {
        "sent_at": Column("time", EVERYONE),
        "role": Column("key", EVERYONE, keys="roles", cells=2),
        "channel": Column("key", EVERYONE, keys="channels", cells=2),
        "voice_seconds": Column("number", INSIDE, bounds=(0, 3_600)),
        "content": Column("text", INSIDE),
    },
    "sessions": {
        "started_at": Column("time", EVERYONE),
        "minutes": Column("number", INSIDE, bounds=(0, 240)),
        "events": Column("number", INSIDE, bounds=(0, 500)),
        "os": Column("key", EVERYONE, keys="os", cells=2),
        "host": Column("key", EVERYONE, keys="hosts", cells=2),
    },
}
_TIMES = {
    "accounts": "created_at",
    "chats": "started_at",
    "messages": "sent_at",
    "sessions": "started_at",
    "support": "opened_at",
}
_IDS = {
    "accounts": None,
    "chats": "conversation_id",
    "events": "event_id",
    "performance": "measurement_id",
    "crashes": "crash_id",
    "support": "ticket_id",
}
_ROWS = {
    "accounts": 1,
    "chats": 20,
    "messages": 100,
    "events": 100,
    "sessions": 30,
    "performance": 100,
    "crashes": 5,
    "support": 3,
}


def tables(settings: Settings) -> dict[str, Table]:
    """Every table of the lake with the workspace's own columns and public lists filled in.

    Raises SettingsError where a list of keys is missing or holds a key twice.
    """
    named: dict[str, Table] = {}
    for name, base in EXPORTS.items():
        schema = _extended(base, settings.columns.get(name, {}))
        columns = {column: described(spec) for column, spec in schema.columns().items()}
        kept = {k: v for k, v in columns.items() if v.kind not in ("account", "identity", "id", "messages")}
        named[name] = _table(settings, name, schema, kept)
    for name, columns in _DERIVED.items():
        named[name] = _table(settings, name, None, columns)
    return named


def synthetic(table: Table, rows: int = 5) -> list[dict[str, Any]]:
    """Rows made from the contract alone: its keys in turn, steps between its bounds, times of a day long past."""
    made: list[dict[str, Any]] = []
    for i in range(rows):
        row: dict[str, Any] = {"account": f"synthetic-{i}"}
        for name, spec in table.columns.items():
            low, high = spec.bounds or (0, 1)
            row[name] = {
                "key": spec.values[i % len(spec.values)] if spec.values else None,
                "number": low + (high - low) * i // rows,
                "flag": i % 2 == 0,
                "time": f"2000-01-{i + 1:02}T12:00:00Z",
                "text": "never shown",
            }.get(spec.kind)
        made.append(row)
    return made


def described(column: dy.Column) -> Column:
    """What the contract says of a schema's column."""
    return cast("dict[str, Column]", column.metadata)["column"]


def _table(settings: Settings, name: str, schema: type[dy.Schema] | None, columns: dict[str, Column]) -> Table:
    filled = {
        column: replace(spec, values=key_list(settings, spec.keys)) if spec.keys else spec
        for column, spec in columns.items()
    }
    return Table(name, schema, _TIMES.get(name, "occurred_at"), _IDS.get(name), filled, _ROWS[name])


def _extended(base: type[dy.Schema], declared: dict[str, DeclaredColumn]) -> type[dy.Schema]:
    if not declared:
        return base
    if taken := [name for name in declared if name in base.columns()]:
        raise SettingsError(f"[columns] declares {taken[0]}, which the contract has already. Choose another name.")
    added = {name: _declared(spec) for name, spec in declared.items()}
    return cast("type[dy.Schema]", type(base.__name__, (base,), added))


def _declared(spec: DeclaredColumn) -> dy.Column:
    if spec.type == "key":
        return _key(cast("str", spec.keys), cells=8, purposes=spec.purposes)
    if spec.type == "boolean":
        return dy.Bool(nullable=True, metadata=_meta(Column("flag", spec.purposes)))
    column = Column("number", spec.purposes, bounds=spec.bounds)
    return dy.Float64(nullable=True, allow_inf=False, allow_nan=False, metadata=_meta(column))

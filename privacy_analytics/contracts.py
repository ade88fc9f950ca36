"""What an export may hold, and what a question may ask of it: one declaration a table, public bounds in each column.

Each column says what it is (a ``Column``): from that follow what a file may hold in it (``ingest.schemas``), what
becomes of it on the way into the lake and what a question may do with it. ``tables()`` is the *lake*: the columns of
the exports less identities, what is derived from them (tables ``messages``, ``sessions`` and ``themes``, a number of
chats), what a question joins to a row (``joined``), and what the workspace declares.

Every lake table also has ``account`` (pseudonym, 32 hex digits), ``account_hash`` and ``row_id`` (int64), ``month``
("2026-10") and ``day`` (date), both cut in the workspace's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from privacy_analytics import policy
from privacy_analytics.errors import SettingsError
from privacy_analytics.keys import key_list
from privacy_analytics.policy import Reading
from privacy_analytics.settings import DeclaredColumn, Settings

Kind = Literal["account", "identity", "id", "time", "key", "number", "flag", "text", "messages"]
MAX_MESSAGE = 32_000
"""Characters of one text field; a longer one quarantines its row."""


@dataclass(frozen=True)
class Column:
    """What a column is: its kind, who may ask for it, its public bounds, and what an export has to say in it."""

    kind: Kind
    purposes: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    """Who may ask for it, and which rows count then: what the policy says of its table and kind (``tables()``)."""
    never: bool = False
    """Whether nobody may ask for it, whatever the policy says."""
    keys: str | None = None
    """Name of the public list of keys."""
    bounds: tuple[int, int] | None = None
    """A number is clamped into its bounds when it is asked for, not when it is stored."""
    cells: int = 1
    """How many of the keys one account counts in, unless the question says otherwise."""
    values: tuple[str, ...] = ()
    """What it can be: of a key the public list, ``other`` last, filled in by ``tables()``."""
    nullable: bool = True
    """Whether a row of an export may go without it."""
    roles: tuple[str, ...] = ()
    """Who speaks in ``messages``, the turns of a conversation in order."""
    rule: str | None = None
    """The rule that a row breaks where this flag is false."""
    joined: str | None = None
    """The table that it comes from when a question asks (``joined``), where the lake does not store it."""


@dataclass(frozen=True)
class Table:
    """One table: the time it is cut by, what its rows are told apart by, what an export and the lake have of it."""

    name: str
    time: str
    id: str | None
    rows_per_account: int
    """How many rows of one account a CountRows counts in one cell, unless the question says otherwise."""
    export: Mapping[str, Column] = field(default_factory=dict[str, Column])
    """The columns of its files, in order; a derived table has none."""
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    """The columns a question may know of; ``tables()`` puts those of its export before them."""
    purposes: Mapping[str, Reading] = field(default_factory=dict[str, Reading])
    """Who may ask about it at all."""


_ACCOUNT = Column("account", nullable=False)
_IDENTITY = Column("identity")
_ID = Column("id", nullable=False)
_TIME = Column("time", nullable=False)
_FLAG = Column("flag", values=("false", "true"))
_TEXT = Column("text")


def _key(keys: str, *, cells: int = 1, nullable: bool = True) -> Column:
    return Column("key", keys=keys, cells=cells, nullable=nullable)


def _number(low: int, high: int) -> Column:
    return Column("number", bounds=(low, high))


_PROMPTS = _number(0, 200)
"""Messages that the user wrote."""
_TENURE = {"days_since_signup": replace(_number(0, 3_650), joined="accounts")}

_TABLES = (
    Table(
        "accounts",  # the newest row of an account holds
        time="created_at",
        id=None,
        rows_per_account=1,
        export={
            "account_id": _ACCOUNT,
            "email": _IDENTITY,
            "username": _IDENTITY,
            "name": _IDENTITY,
            "country": _key("countries"),
            "region": _key("regions"),
            "created_at": replace(_TIME, nullable=True),
            "age_attested": replace(_FLAG, never=True, nullable=False, rule="is_adult"),
            "plan_tier": _key("plan_tiers"),
            "opted_out": _FLAG,
            "gpc": _FLAG,
        },
    ),
    Table(
        "chats",  # one row a conversation, with both sides of it
        time="started_at",
        id="conversation_id",
        rows_per_account=20,
        export={
            "account_id": _ACCOUNT,
            "conversation_id": _ID,
            "started_at": _TIME,
            "ended_at": replace(_TIME, nullable=True),
            "topic": _key("topics", cells=3),
            "messages": Column("messages", nullable=False, roles=("user", "assistant")),
        },
        columns={"prompts": _PROMPTS, **_TENURE},
    ),
    Table(
        "events",  # one row a telemetry event
        time="occurred_at",
        id="event_id",
        rows_per_account=100,
        export={
            "account_id": _ACCOUNT,
            "event_id": replace(_ID, nullable=True),
            "session_id": replace(_ID, nullable=True),
            "occurred_at": _TIME,
            "event": _key("events", cells=8, nullable=False),
            "feature": _key("features", cells=8),
            "duration_ms": _number(0, 3_600_000),
            "os": _key("os", cells=2),
            "browser": _key("browsers", cells=2),
            "host": _key("hosts", cells=2),
            "app_version": _key("app_versions", cells=2),
            "country": _key("countries", cells=2),
        },
        columns=_TENURE,
    ),
    Table(
        "projects",  # one row a project of a month, as it was saved or opened: policy §3 allows these columns alone
        time="saved_at",
        id="project_id",
        rows_per_account=20,
        export={
            "account_id": _ACCOUNT,
            "project_id": replace(_ID, nullable=True),
            "saved_at": _TIME,
            "tracks": _number(0, 500),
            "bpm": _number(20, 400),
            "musical_key": _key("musical_keys", cells=3),
            "main_effect": _key("effects", cells=3),
            "host": _key("hosts", cells=2),
        },
    ),
    Table(
        "performance",  # one row a measured duration
        time="occurred_at",
        id="measurement_id",
        rows_per_account=100,
        export={
            "account_id": _ACCOUNT,
            "measurement_id": replace(_ID, nullable=True),
            "occurred_at": _TIME,
            "metric": _key("metrics", cells=4, nullable=False),
            "value_ms": _number(0, 60_000),
            "app_version": _key("app_versions", cells=2),
        },
    ),
    Table(
        "crashes",  # one row a crash; its stack text is scrubbed and never asked for
        time="occurred_at",
        id="crash_id",
        rows_per_account=5,
        export={
            "account_id": _ACCOUNT,
            "crash_id": replace(_ID, nullable=True),
            "occurred_at": _TIME,
            "code": _key("crash_codes", cells=3),
            "app_version": _key("app_versions", cells=2),
            "os": _key("os", cells=2),
            "stack": replace(_TEXT, never=True),
        },
    ),
    Table(
        "support",  # one row a ticket, with both sides of it
        time="opened_at",
        id="ticket_id",
        rows_per_account=3,
        export={
            "account_id": _ACCOUNT,
            "ticket_id": _ID,
            "opened_at": _TIME,
            "topic": _key("support_topics", cells=3),
            "subject": replace(_TEXT, never=True),
            "messages": Column("messages", nullable=False, roles=("user", "agent")),
        },
    ),
    Table(
        "messages",  # the turns of chats
        time="sent_at",
        id=None,
        rows_per_account=100,
        columns={
            "sent_at": _TIME,
            "role": _key("roles", cells=2),
            "channel": _key("channels", cells=2),
            "voice_seconds": _number(0, 3_600),
            "content": _TEXT,
        },
    ),
    Table(
        "sessions",  # of events
        time="started_at",
        id=None,
        rows_per_account=30,
        columns={
            "started_at": _TIME,
            "minutes": _number(0, 240),
            "events": _number(0, 500),
            "prompts": _PROMPTS,
            "os": _key("os", cells=2),
            "host": _key("hosts", cells=2),
            "app_version": _key("app_versions", cells=2),
            "crashed": replace(_FLAG, joined="crashes"),
            **_TENURE,
        },
    ),
    Table(
        "themes",  # of chats: one row a theme of a conversation
        time="started_at",
        id=None,
        rows_per_account=20,
        columns={
            "started_at": _TIME,
            "theme": _key("themes", cells=3),
            "area": _key("areas", cells=3),
        },
    ),
)
EXPORTS = {table.name: table.export for table in _TABLES if table.export}
"""In the order in which an export is read: accounts first, since texts are scrubbed of their account's identifiers."""


def tables(settings: Settings, at: datetime | None = None) -> dict[str, Table]:
    """Every table of the lake with the workspace's own columns and public lists filled in.

    Who may ask for what is as the policy has it at an instant (now, if none is given).

    Raises SettingsError where a list of keys is missing or holds a key twice, or a declared column is there already;
    PolicyError where a version of the policy is no document.
    """
    rules = policy.rules(settings, at)
    return {table.name: _filled(settings, table, rules) for table in _TABLES}


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


def _filled(settings: Settings, table: Table, rules: policy.Rules) -> Table:
    declared = settings.columns.get(table.name, {})
    if taken := [name for name in declared if name in {**table.export, **table.columns}]:
        raise SettingsError(f"[columns] declares {taken[0]}, which the contract has already. Choose another name.")
    export = {**table.export, **{name: _declared(spec) for name, spec in declared.items()}}
    stored = {k: v for k, v in export.items() if v.kind not in ("account", "identity", "id", "messages")}
    readers = rules.readers(table.name)
    columns: dict[str, Column] = {}
    for name, spec in {**stored, **table.columns}.items():
        if name in declared:
            purposes = {each: readers[each] for each in declared[name].purposes if each in readers}
        else:
            purposes = {} if spec.never else rules.readers(table.name, spec.kind)
        values = key_list(settings, spec.keys) if spec.keys else spec.values
        columns[name] = replace(spec, values=values, purposes=purposes)
    return replace(table, export=export, columns=columns, purposes=readers)


def _declared(spec: DeclaredColumn) -> Column:
    if spec.type == "key":
        return Column("key", keys=spec.keys, cells=8)
    return _FLAG if spec.type == "boolean" else Column("number", bounds=spec.bounds)

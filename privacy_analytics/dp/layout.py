"""How a ledger's tables are laid out, under a number: rows stay, what guards them is made anew by an upgrade.

SQLite keeps the number as ``PRAGMA user_version``, PostgreSQL as the comment on the table ``events``: both change with
a transaction, and neither asks for a right that a role that only adds lacks.

    1  without a number; which indexes and triggers it has depends on the version that made it
    2  numbered, with all indexes and triggers below
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from privacy_analytics.dp.reach import ENTER
from privacy_analytics.errors import SettingsError

LAYOUT = 2
KINDS = ("reserve", "drawing", "commit", "grant", "restore")
GENESIS = "0" * 64
_METADATA = sa.MetaData()
EVENTS = sa.Table(
    "events",
    _METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint(f"kind IN {KINDS}"), nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, sa.CheckConstraint("attempt >= 0"), nullable=False),
    sa.Column("nano_rho", sa.BigInteger, sa.CheckConstraint("nano_rho >= 0"), nullable=False),
    sa.Column("delta", sa.BigInteger, sa.CheckConstraint("delta >= 0"), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
HEAD = sa.Table(
    "head",
    _METADATA,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)


def _once(name: str, kind: str, *columns: str) -> None:
    only = EVENTS.c.kind == kind
    sa.Index(name, *(EVENTS.c[each] for each in columns), unique=True, sqlite_where=only, postgresql_where=only)


_once("one_reservation_an_attempt", "reserve", "plan", "month", "key", "attempt")
_once("one_drawing_an_attempt", "drawing", "key", "month", "attempt")
_once("one_commit_a_question", "commit", "key")
sa.Index("what_became_of_a_question", EVENTS.c.key, EVENTS.c.kind, EVENTS.c.plan, EVENTS.c.attempt)
sa.Index("sums_of_a_purpose", EVENTS.c.kind, EVENTS.c.month, EVENTS.c.purpose, EVENTS.c.nano_rho, EVENTS.c.delta)
sa.Index("sums_of_a_plan", EVENTS.c.plan, EVENTS.c.kind, EVENTS.c.month, EVENTS.c.nano_rho, EVENTS.c.delta)

_SQLITE = [
    f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
    for name, when in {
        "events_refuse_update": "UPDATE ON events",
        "events_refuse_delete": "DELETE ON events",
        "events_refuse_replace": "INSERT ON events WHEN NEW.seq <= (SELECT max(seq) FROM events)",
        "head_refuse_back": "UPDATE ON head WHEN NEW.seq <= OLD.seq",
        "head_refuse_delete": "DELETE ON head",
        "head_refuse_replace": "INSERT ON head WHEN EXISTS (SELECT 1 FROM head)",
    }.items()
] + [f"PRAGMA user_version = {LAYOUT}"]
_POSTGRESQL = [
    """CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the ledger only grows'; END $$""",
    *(
        f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION only_grows()"
        for name, when in {
            "events_refuse_change": "UPDATE OR DELETE ON events FOR EACH ROW",
            "events_refuse_truncate": "TRUNCATE ON events FOR EACH STATEMENT",
            "head_refuse_back": "UPDATE ON head FOR EACH ROW WHEN (NEW.seq <= OLD.seq)",
            "head_refuse_delete": "DELETE ON head FOR EACH ROW",
            "head_refuse_truncate": "TRUNCATE ON head FOR EACH STATEMENT",
        }.items()
    ),
    f"COMMENT ON TABLE events IS 'layout {LAYOUT}'",
]
_NUMBERED = re.compile(r"layout (\d+)")


def layout(connection: sa.Connection) -> int:
    """The number of the layout that a database has; 0 where there is no ledger yet."""
    if not sa.inspect(connection).has_table("events"):
        return 0
    if _on_sqlite(connection):
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one()) or 1
    said = connection.exec_driver_sql("SELECT obj_description('events'::regclass, 'pg_class')").scalar()
    found = _NUMBERED.fullmatch(said or "")
    return int(found[1]) if found else 1


def lay_out(connection: sa.Connection) -> None:
    """Make the tables where there are none. Raises SettingsError for another layout than today's."""
    found = layout(connection)
    if not found:
        _METADATA.create_all(connection)
        connection.execute(HEAD.insert().values(id=1, seq=0, hash=GENESIS))
        _guard(connection)
    elif found != LAYOUT:
        raise SettingsError(
            f"The ledger has layout {found}; this version works with layout {LAYOUT}. "
            + ("Bring it up: pa upgrade" if found < LAYOUT else "Install the version that wrote it, or a newer one.")
        )


def check_columns(connection: sa.Connection) -> None:
    """Raise SettingsError where the rows have other columns than today's."""
    if set(connection.exec_driver_sql("SELECT * FROM events LIMIT 0").keys()) != set(EVENTS.c.keys()):
        raise SettingsError(
            "The ledger's rows have other columns than today's, which no upgrade can change: their hashes are made of "
            f"them. Move the ledger aside, open a new one, and {ENTER}"
        )


def guard_anew(connection: sa.Connection) -> None:
    """Give an older ledger today's indexes, triggers and number. No row is touched."""
    for index in EVENTS.indexes:
        index.drop(connection, checkfirst=True)
        index.create(connection)
    for table, trigger in _triggers(connection):
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}" + ("" if _on_sqlite(connection) else f" ON {table}"))
    _guard(connection)


def _guard(connection: sa.Connection) -> None:
    for statement in _SQLITE if _on_sqlite(connection) else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def _triggers(connection: sa.Connection) -> list[tuple[str, str]]:
    """(table, trigger) of all that the database has on the ledger's tables."""
    if _on_sqlite(connection):
        found = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        found = (
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE tgrelid IN ('events'::regclass, 'head'::regclass) AND NOT tgisinternal"
        )
    return [(table, name) for table, name in connection.exec_driver_sql(found).all() if table in ("events", "head")]


def _on_sqlite(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"

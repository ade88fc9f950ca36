"""A table that only grows, on SQLite or PostgreSQL; each row is chained to the one before by SHA-256.

The database itself refuses to change or remove a row (triggers), and a second reservation of a plan, drawing of an
attempt or answer to a question (unique indexes). Whoever gets past it is seen by ``verify``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError

from privacy_analytics.dp.charge import NOTHING, Charge
from privacy_analytics.errors import LedgerError

KINDS = ("reserve", "drawing", "commit", "grant", "restore")
_GENESIS = "0" * 64
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
_HEAD = sa.Table(
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
]
_POSTGRESQL = [
    """CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql
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
]
_NOW = sa.select(_HEAD.c.seq, _HEAD.c.hash)
_LOCK = _NOW.with_for_update()
_MOVE = _HEAD.update()
_ADD = EVENTS.insert()
_ALL = sa.select(EVENTS).order_by(EVENTS.c.seq).execution_options(yield_per=1000)
_SNAPSHOT = {"postgresql": "REPEATABLE READ", "sqlite": "SERIALIZABLE"}
_THIS_SCHEMA = "hashtextextended(current_schema(), {})"
_TURN, _LAYING = _THIS_SCHEMA.format(0), _THIS_SCHEMA.format(1)
_ENTER = "enter the stored releases with their charges: pa doctor --accept-restore --name NAME --reason WHY"
_AFTER_A_LOSS = f"Restore the newest backup; without one, move the ledger aside. Then {_ENTER}"


@dataclass(frozen=True)
class Event:
    """One row; ``nano_rho`` in 1e-9 of zCDP rho, ``delta`` in 1e-15; ``attempt`` counts from 0, one more a crash."""

    seq: int
    at: str
    kind: str
    month: str
    purpose: str
    plan: str
    key: str
    attempt: int
    nano_rho: int
    delta: int
    payload: str
    previous: str
    hash: str


@dataclass
class Writer:
    """Adds events in one transaction, each chained to the one before; ``seq`` and ``hash`` are the last one's."""

    connection: sa.Connection
    seq: int
    hash: str

    def add(
        self,
        kind: str,
        charge: Charge = NOTHING,
        *,
        month: str = "",
        purpose: str = "",
        plan: str = "",
        key: str = "",
        attempt: int = 0,
        payload: str = "",
    ) -> None:
        row: dict[str, Any] = {
            "seq": self.seq + 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kind": kind,
            "month": month,
            "purpose": purpose,
            "plan": plan,
            "key": key,
            "attempt": attempt,
            "nano_rho": charge.nano_rho,
            "delta": charge.delta,
            "payload": payload,
            "previous": self.hash,
        }
        row["hash"] = _digest(row)
        self.connection.execute(_ADD, row)
        self.seq, self.hash = row["seq"], row["hash"]


class Chain:
    """The rows, their order and their hashes. Opening makes the tables where there are none, and verifies.

    Parameters
    ----------
    url : an SQLAlchemy URL of SQLite (a file) or PostgreSQL (the schema that is current for it)

    Raises
    ------
    LedgerError
        broken, cut off, laid out by an older version, or out of reach
    """

    def __init__(self, url: str) -> None:
        try:
            self.engine = _engine(url)
            self._writing = self.engine.execution_options(begin="IMMEDIATE")
            self._reading = self.engine.execution_options(isolation_level=_SNAPSHOT[self.engine.dialect.name])
            weakref.finalize(self, self.engine.dispose)
            self._lay_out()
        except ModuleNotFoundError:
            raise LedgerError(
                "A ledger on PostgreSQL needs psycopg. Install it with: pip install 'privacy-analytics[postgres]'"
            ) from None
        except DBAPIError as error:
            raise LedgerError(
                f"The ledger's database cannot be used ({type(error.orig).__name__}). "
                f"See that ledger.url is right and its server runs. {_AFTER_A_LOSS}"
            ) from None
        self.verify()

    @contextmanager
    def turn(self) -> Generator[None]:
        """One releaser at a time, over processes, and on PostgreSQL over hosts; its death ends its turn.

        Whoever waited looks for the committed answer first. SQLite: a lock on a file beside the ledger. PostgreSQL: an
        advisory lock that lives and dies with a connection of its own.
        """
        if self.engine.dialect.name == "sqlite":
            with Path(f"{self.engine.url.database}.turn").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        else:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.detach()  # closed, not pooled, when the turn ends
                connection.exec_driver_sql("SET tcp_keepalives_idle = 30")  # a host that vanished frees it soon
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({_TURN})")
                yield

    def events(self) -> list[Event]:
        """Every event, oldest first."""
        with self.reading() as connection:
            return [Event(**row) for row in connection.execute(_ALL).mappings()]

    def verify(self) -> int:
        """Walk the chain and return its length. Raises LedgerError where it is broken or shorter than its head says."""
        with self.reading() as connection, connection.execute(_ALL) as rows:
            head = connection.execute(_NOW).one()  # of the same snapshot: another process may be adding
            previous, position = _GENESIS, 0
            for position, event in enumerate(rows.mappings(), start=1):
                if event["seq"] != position or event["previous"] != previous or _digest(event) != event["hash"]:
                    raise LedgerError(
                        f"The ledger's chain breaks at entry {position} of {head.seq}. Nothing more is released. "
                        f"{_AFTER_A_LOSS}"
                    )
                previous = event["hash"]
        if (head.seq, head.hash) != (position, previous):
            raise LedgerError(
                f"The ledger was cut off: its head counts {head.seq} entries, {position} are there. {_AFTER_A_LOSS}"
            )
        return position

    def head(self) -> str:
        """The hash of the last entry, which every other one is part of; 64 zeros before the first."""
        with self.reading() as connection:
            return str(connection.execute(_NOW).one().hash)

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """One snapshot of everything committed; nobody waits for it."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def adding(self, *, at_once: bool = True) -> Generator[Writer]:
        """One writer at a time: the head row is locked first (SQLite: BEGIN IMMEDIATE). All of it or nothing.

        On disk when it returns; without ``at_once`` SQLite leaves that to the next addition, whose log comes after it.
        """
        writing = self._writing if at_once else self._writing.execution_options(synchronous="NORMAL")
        with writing.begin() as connection:
            writer = Writer(connection, *connection.execute(_LOCK).one())
            yield writer
            connection.execute(_MOVE, {"seq": writer.seq, "hash": writer.hash})

    def _lay_out(self) -> None:
        """Two processes may open a ledger that is not there yet: one makes its tables, the other finds them."""
        with self._writing.begin() as connection:
            postgresql = connection.dialect.name == "postgresql"
            if postgresql:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LAYING})")
            if not sa.inspect(connection).has_table("events"):
                _METADATA.create_all(connection)
                connection.execute(_HEAD.insert().values(id=1, seq=0, hash=_GENESIS))
                for statement in _POSTGRESQL if postgresql else _SQLITE:
                    connection.exec_driver_sql(statement)
            elif set(connection.exec_driver_sql("SELECT * FROM events LIMIT 0").keys()) != set(EVENTS.c.keys()):
                raise LedgerError(
                    "The ledger has the layout of another version. Use that version, or move the ledger aside, open a "
                    f"new one, and {_ENTER}"
                )


def _digest(fields: Mapping[Any, Any]) -> str:
    said = {name: value for name, value in fields.items() if name != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        listen(engine, "connect", _on_connect)
        listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    """Leave transactions to us, and the file to its owner alone: what lies beside it takes its mode."""
    connection.isolation_level = None
    for *_, file in connection.execute("PRAGMA database_list"):
        if file:
            Path(file).chmod(0o600)
    for pragma in ("busy_timeout=30000", "journal_mode=WAL"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    """Let a commit be on disk before it is believed, unless told otherwise."""
    how = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA synchronous={how.get('synchronous', 'FULL')}")
    connection.exec_driver_sql(f"BEGIN {how.get('begin', '')}")

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

from privacy_analytics.dp.charge import NOTHING, Charge
from privacy_analytics.dp.layout import EVENTS, GENESIS, HEAD, LAYOUT, check_columns, guard_anew, lay_out, layout
from privacy_analytics.dp.reach import AFTER_A_LOSS, fails_quietly, reached, visited
from privacy_analytics.errors import LedgerError

_NOW = sa.select(HEAD.c.seq, HEAD.c.hash)
_LOCK = _NOW.with_for_update()
_MOVE = HEAD.update()
_ADD = EVENTS.insert()
_AT = sa.select(EVENTS.c.hash).where(EVENTS.c.seq == sa.bindparam("seq"))
_ALL = sa.select(EVENTS).order_by(EVENTS.c.seq).execution_options(yield_per=1000)
_SNAPSHOT = {"postgresql": "REPEATABLE READ", "sqlite": "SERIALIZABLE"}
_THIS_SCHEMA = "hashtextextended(current_schema(), {})"
_TURN, _LAYING = _THIS_SCHEMA.format(0), _THIS_SCHEMA.format(1)


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
        broken, cut off, or out of reach
    SettingsError
        laid out by another version
    """

    def __init__(self, url: str) -> None:
        with reached(url) as self.engine:
            self._writing = self.engine.execution_options(begin="IMMEDIATE")
            self._reading = self.engine.execution_options(isolation_level=_SNAPSHOT[self.engine.dialect.name])
            weakref.finalize(self, self.engine.dispose)
            self._lay_out()
        fails_quietly(self.engine)
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
        with self.reading() as connection:
            return _walked(connection)

    def head(self) -> str:
        """The hash of the last entry, which every other one is part of; 64 zeros before the first."""
        return self.end()[1]

    def end(self) -> tuple[int, str]:
        """How many entries there are, and the hash of the last."""
        with self.reading() as connection:
            now = connection.execute(_NOW).one()
        return int(now.seq), str(now.hash)

    def hash_at(self, length: int) -> str | None:
        """The head of when there were so many entries; None where there are fewer."""
        with self.reading() as connection:
            return connection.execute(_AT, {"seq": length}).scalar() if length else GENESIS

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
            _wait(connection)
            lay_out(connection)


def layout_of(url: str) -> int:
    """The number of a ledger's layout; 0 where there is no ledger yet. Raises LedgerError where it is out of reach."""
    file = sa.make_url(url)
    if file.get_backend_name() == "sqlite" and not Path(file.database or "").exists():
        return 0  # to look would make one
    with visited(url) as engine, engine.connect() as connection:
        return layout(connection)


def upgrade(url: str) -> int:
    """Bring a ledger to today's layout in one transaction and return its length; again it changes nothing.

    Its rows are not touched: the chain is verified before and after.

    Raises
    ------
    LedgerError
        broken, cut off or out of reach; nothing was changed
    SettingsError
        its rows have other columns than today's
    """
    with visited(url) as engine, engine.execution_options(begin="IMMEDIATE").begin() as connection:
        _wait(connection)
        if layout(connection) < LAYOUT:
            check_columns(connection)
            connection.execute(_LOCK)  # nobody adds meanwhile
            before = _walked(connection)
            guard_anew(connection)
            if _walked(connection) != before:
                raise LedgerError("The ledger changed while it was upgraded. Nothing was kept; do it again.")
        lay_out(connection)
        return _walked(connection)


def standing(url: str) -> tuple[int, str]:
    """Length and head of a ledger of whatever layout, its chain verified; 0 and 64 zeros where there is none yet.

    Raises LedgerError where it is broken, cut off or out of reach.
    """
    if not layout_of(url):
        return 0, GENESIS
    with visited(url) as engine:
        isolated = engine.execution_options(isolation_level=_SNAPSHOT[engine.dialect.name])
        with isolated.connect() as connection:
            return _walked(connection), str(connection.execute(_NOW).one().hash)


def answered(url: str) -> set[str]:
    """The keys of all questions that a ledger, of whatever layout, has answers to, its chain verified.

    Raises LedgerError where it is broken, cut off or out of reach.
    """
    with visited(url) as engine, engine.connect() as connection:
        if not layout(connection):
            return set()
        _walked(connection)
        return set(connection.execute(sa.select(EVENTS.c.key).where(EVENTS.c.kind == "commit")).scalars())


def _wait(connection: sa.Connection) -> None:
    """Let nobody else lay the ledger out until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LAYING})")


def _walked(connection: sa.Connection) -> int:
    """The chain's length. Raises LedgerError where it is broken, or shorter than its head says."""
    with connection.execute(_ALL) as rows:
        head = connection.execute(_NOW).one()  # of the same snapshot: another process may be adding
        previous, position = GENESIS, 0
        for position, event in enumerate(rows.mappings(), start=1):
            if event["seq"] != position or event["previous"] != previous or _digest(event) != event["hash"]:
                raise LedgerError(
                    f"The ledger's chain breaks at entry {position} of {head.seq}. Nothing more is released. "
                    f"{AFTER_A_LOSS}"
                )
            previous = event["hash"]
    if (head.seq, head.hash) != (position, previous):
        raise LedgerError(
            f"The ledger was cut off: its head counts {head.seq} entries, {position} are there. {AFTER_A_LOSS}"
        )
    return position


def _digest(fields: Mapping[Any, Any]) -> str:
    said = {name: value for name, value in fields.items() if name != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

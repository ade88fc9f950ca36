"""The ledger of privacy loss: rows are added, never changed, and each is chained to the one before by SHA-256.

Events
    reserve   a plan sets aside nano-rho of a (month, purpose); ``payload`` is the frozen plan
    drawing   noise for one question is about to be drawn; from here its charge is gone
    commit    the released bytes (``payload``), in the same transaction that makes them final
    grant     somebody with a name and a reason adds nano-rho to a (month, purpose)

Spent is the sum of what was reserved. A plan that died before ``drawing`` resumes on its reservation for nothing; one
that died between ``drawing`` and ``commit`` has lost that charge, since the noise may have been seen. No refunds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError

from privacy_analytics.errors import InsufficientLoss, LedgerError

_METADATA = sa.MetaData()
_EVENTS = sa.Table(
    "events",
    _METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('reserve', 'drawing', 'commit', 'grant')"), nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("nano_rho", sa.BigInteger, sa.CheckConstraint("nano_rho >= 0"), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
sa.Index(
    "one_commit_per_question",
    _EVENTS.c.key,
    unique=True,
    sqlite_where=_EVENTS.c.kind == "commit",
    postgresql_where=_EVENTS.c.kind == "commit",
)
_HEAD = sa.Table(
    "head",
    _METADATA,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)
_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS events_refuse_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
    for verb in ("UPDATE", "DELETE")
]
_GENESIS = "0" * 64


@dataclass(frozen=True)
class Event:
    """One row of the ledger; ``nano_rho`` in 1e-9 of zCDP rho."""

    seq: int
    at: str
    kind: str
    month: str
    purpose: str
    plan: str
    key: str
    nano_rho: int
    payload: str
    previous: str
    hash: str


class Ledger:
    """Reserve before, commit after, add only. Opening verifies the whole chain.

    Parameters
    ----------
    url : an SQLAlchemy URL; this version is tested on SQLite

    Raises
    ------
    LedgerError
        the chain is broken or cut off
    """

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        if self.engine.dialect.name == "sqlite":
            listen(self.engine, "connect", _on_connect)
            listen(self.engine, "begin", _begin_immediate)
        with self.engine.begin() as connection:
            _METADATA.create_all(connection)
            if self.engine.dialect.name == "sqlite":
                for trigger in _TRIGGERS:
                    connection.exec_driver_sql(trigger)
            if connection.execute(sa.select(_HEAD.c.seq)).first() is None:
                connection.execute(_HEAD.insert().values(id=1, seq=0, hash=_GENESIS))
        self.verify()

    def reserve(self, plan: str, *, month: str, purpose: str, nano_rho: int, allowance: int, payload: str) -> None:
        """Set nano-rho aside for a plan, under an allowance to which grants are added.

        Raises InsufficientLoss where the month's purpose has less left.
        """
        with self._locked() as connection:
            self._reserve(connection, plan, month, purpose, nano_rho, allowance, payload)

    def drawing(self, plan: str, *, month: str, purpose: str, key: str, nano_rho: int, allowance: int) -> None:
        """Say that noise for a question is about to be drawn.

        A question that this plan has begun to draw before is reserved anew in the same step: its first charge is gone.
        Raises InsufficientLoss beyond the plan's reservation, or where nothing is left to pay again.
        """
        with self._locked() as connection:
            began = sa.select(_EVENTS.c.seq).where(_EVENTS.c.kind == "drawing", _EVENTS.c.plan == plan)
            if connection.execute(began.where(_EVENTS.c.key == key)).first():
                again = "again, after a crash while drawing"
                self._reserve(connection, plan, month, purpose, nano_rho, allowance, again)
            left = self._of_plan(connection, plan, "reserve") - self._of_plan(connection, plan, "drawing")
            if nano_rho > left:
                raise InsufficientLoss(requested=nano_rho, remaining=left, scope="what this plan has reserved")
            self._append(connection, "drawing", month, purpose, plan, key, nano_rho, "")

    def commit(self, plan: str, *, month: str, purpose: str, key: str, payload: str) -> None:
        """Make a release final: from here the same question has these bytes as its answer.

        Raises LedgerError where it has an answer already.
        """
        try:
            with self._locked() as connection:
                self._append(connection, "commit", month, purpose, plan, key, 0, payload)
        except IntegrityError:
            raise LedgerError("This question was answered meanwhile. Ask it again: that answer is free.") from None

    def grant(self, *, month: str, purpose: str, nano_rho: int, name: str, reason: str) -> None:
        """Add nano-rho to a month's purpose, under a name and for a reason."""
        with self._locked() as connection:
            self._append(
                connection, "grant", month, purpose, "", "", nano_rho, json.dumps({"name": name, "reason": reason})
            )

    def spent(self, month: str, purpose: str) -> int:
        """Nano-rho reserved so far."""
        with self.engine.connect() as connection:
            return self._sum(connection, "reserve", month, purpose)

    def granted(self, month: str, purpose: str) -> int:
        """Nano-rho granted on top of the purpose's share."""
        with self.engine.connect() as connection:
            return self._sum(connection, "grant", month, purpose)

    def spent_by_month(self) -> dict[str, int]:
        """Nano-rho reserved of each month; their sum bounds what an account of every month can have lost."""
        total = sa.select(_EVENTS.c.month, sa.func.sum(_EVENTS.c.nano_rho)).where(_EVENTS.c.kind == "reserve")
        with self.engine.connect() as connection:
            rows = connection.execute(total.group_by(_EVENTS.c.month).order_by(_EVENTS.c.month)).all()
        return {str(month): int(nano_rho) for month, nano_rho in rows}

    def plan(self, plan: str) -> str | None:
        """The frozen plan as it was first reserved, or None."""
        query = (
            sa.select(_EVENTS.c.payload)
            .where(_EVENTS.c.kind == "reserve", _EVENTS.c.plan == plan)
            .order_by(_EVENTS.c.seq)
        )
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def released(self, key: str) -> str | None:
        """The committed bytes of a question, or None."""
        query = sa.select(_EVENTS.c.payload).where(_EVENTS.c.kind == "commit", _EVENTS.c.key == key)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def events(self) -> list[Event]:
        """Every event, oldest first."""
        with self.engine.connect() as connection:
            return self._events(connection)

    def verify(self) -> int:
        """Walk the chain and return its length. Raises LedgerError where it is broken or shorter than its head says."""
        with self.engine.connect() as connection:  # both in one transaction: another process may be adding
            events = self._events(connection)
            head = connection.execute(sa.select(_HEAD.c.seq, _HEAD.c.hash)).one()
        previous = _GENESIS
        for position, event in enumerate(events, start=1):
            fields = {name: value for name, value in event.__dict__.items() if name != "hash"}
            if event.seq != position or event.previous != previous or _digest(fields) != event.hash:
                raise LedgerError(
                    f"The ledger's chain breaks at entry {position} of {len(events)}. Nothing more is released. "
                    "Restore the newest backup, then run: pa doctor --accept-restore"
                )
            previous = event.hash
        if (head.seq, head.hash) != (len(events), previous):
            raise LedgerError(
                f"The ledger was cut off: its head counts {head.seq} entries, {len(events)} are there. "
                "Restore the newest backup, then run: pa doctor --accept-restore"
            )
        return len(events)

    @contextmanager
    def _locked(self) -> Generator[sa.Connection]:
        """One writer at a time: the head row is locked first (SQLite: BEGIN IMMEDIATE)."""
        with self.engine.begin() as connection:
            connection.execute(sa.select(_HEAD.c.seq).with_for_update()).one()
            yield connection

    def _reserve(
        self,
        connection: sa.Connection,
        plan: str,
        month: str,
        purpose: str,
        nano_rho: int,
        allowance: int,
        payload: str,
    ) -> None:
        granted = self._sum(connection, "grant", month, purpose)
        left = allowance + granted - self._sum(connection, "reserve", month, purpose)
        if nano_rho > left:
            raise InsufficientLoss(requested=nano_rho, remaining=max(left, 0), scope=f"{purpose} of {month}")
        self._append(connection, "reserve", month, purpose, plan, "", nano_rho, payload)

    def _events(self, connection: sa.Connection) -> list[Event]:
        return [Event(**row) for row in connection.execute(sa.select(_EVENTS).order_by(_EVENTS.c.seq)).mappings()]

    def _append(
        self,
        connection: sa.Connection,
        kind: str,
        month: str,
        purpose: str,
        plan: str,
        key: str,
        nano_rho: int,
        payload: str,
    ) -> None:
        head = connection.execute(sa.select(_HEAD.c.seq, _HEAD.c.hash)).one()
        row: dict[str, Any] = {
            "seq": head.seq + 1,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kind": kind,
            "month": month,
            "purpose": purpose,
            "plan": plan,
            "key": key,
            "nano_rho": nano_rho,
            "payload": payload,
            "previous": head.hash,
        }
        row["hash"] = _digest(row)
        connection.execute(_EVENTS.insert().values(**row))
        connection.execute(_HEAD.update().values(seq=row["seq"], hash=row["hash"]))

    def _sum(self, connection: sa.Connection, kind: str, month: str, purpose: str) -> int:
        of = (_EVENTS.c.kind == kind, _EVENTS.c.month == month, _EVENTS.c.purpose == purpose)
        return int(
            connection.execute(sa.select(sa.func.coalesce(sa.func.sum(_EVENTS.c.nano_rho), 0)).where(*of)).scalar_one()
        )

    def _of_plan(self, connection: sa.Connection, plan: str, kind: str) -> int:
        of = (_EVENTS.c.kind == kind, _EVENTS.c.plan == plan)
        return int(
            connection.execute(sa.select(sa.func.coalesce(sa.func.sum(_EVENTS.c.nano_rho), 0)).where(*of)).scalar_one()
        )


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _on_connect(connection: Any, _record: object) -> None:
    """Leave transactions to us, and let a commit be on disk before it is believed."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""The ledger of privacy loss: rows are added, never changed (``chain.py``), and what was spent is their sum.

Events
    reserve   a plan sets aside a charge of a (month, purpose); ``payload`` is the frozen plan
    drawing   noise for one question is about to be drawn; from here its charge is gone
    commit    the released bytes (``payload``), in the same transaction that makes them final
    grant     somebody with a name and a reason adds to a (month, purpose)
    restore   somebody with a name and a reason entered releases that this ledger did not know

A question that spans months is charged to each of them: one ``reserve`` and one ``drawing`` a month.

Spent is the sum of what was reserved. A plan that died before ``drawing`` resumes on its reservation for nothing; one
that died between ``drawing`` and ``commit`` has lost that charge, since the noise may have been seen. No refunds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from privacy_analytics.dp.chain import EVENTS, Chain, Event
from privacy_analytics.dp.charge import Charge
from privacy_analytics.errors import InsufficientLoss, LedgerError

__all__ = ["Answer", "Charge", "Event", "Ledger"]

_MEANWHILE = "This question was answered meanwhile. Ask it again: that answer is free."


@dataclass(frozen=True)
class Answer:
    """A stored release as the ledger would have entered it."""

    key: str
    months: tuple[str, ...]
    """Every month that it was charged to; it was asked about the last one."""
    purpose: str
    charge: Charge
    payload: str


class Ledger(Chain):
    """Reserve before, commit after, add only."""

    def reserve(
        self, plan: str, *, months: Sequence[str], purpose: str, charge: Charge, allowance: Charge, payload: str
    ) -> None:
        """Set a charge aside for a plan in every month that it touches: all of them or none.

        ``allowance`` is the purpose's share of one month, to which grants are added. Raises InsufficientLoss where one
        of the months has less left, LedgerError where the plan has a reservation.
        """
        try:
            with self.adding() as connection:
                self._reserve(connection, plan, months, purpose, charge, allowance, payload=payload, attempt=0)
        except IntegrityError:
            raise LedgerError("This plan was reserved meanwhile. Ask again: it goes on from there.") from None

    def drawing(
        self, plan: str, *, months: Sequence[str], purpose: str, key: str, charge: Charge, allowance: Charge
    ) -> None:
        """Say that noise for a question is about to be drawn.

        A question that this plan has begun to draw before is reserved anew in the same step: its first charge is gone.
        Raises InsufficientLoss beyond the plan's reservation, or where nothing is left to pay again; LedgerError where
        the question has an answer.
        """
        of_key = (EVENTS.c.kind == "drawing", EVENTS.c.key == key)
        with self.adding() as connection:
            self._refuse_answered(connection, key)
            if _next(connection, *of_key, EVENTS.c.plan == plan):
                attempt = _next(connection, EVENTS.c.kind == "reserve", EVENTS.c.plan == plan)
                again = "again, after a crash while drawing"
                self._reserve(connection, plan, months, purpose, charge, allowance, payload=again, attempt=attempt)
            attempt = _next(connection, *of_key)
            for month in dict.fromkeys(months):
                of_plan = (EVENTS.c.plan == plan, EVENTS.c.month == month)
                reserved, drawn = (_sum(connection, EVENTS.c.kind == kind, *of_plan) for kind in ("reserve", "drawing"))
                _afford(charge, reserved - drawn, "what this plan has reserved")
                about = {"month": month, "purpose": purpose, "plan": plan, "key": key}
                self.append(connection, "drawing", charge, **about, attempt=attempt)

    def commit(self, plan: str, *, month: str, purpose: str, key: str, payload: str) -> None:
        """Make a release final: from here the same question has these bytes as its answer.

        Raises LedgerError where it has an answer already, or where this plan never paid for one.
        """
        with self.adding() as connection:
            self._refuse_answered(connection, key)
            if not _next(connection, EVENTS.c.kind == "drawing", EVENTS.c.key == key, EVENTS.c.plan == plan):
                raise LedgerError("This release was not paid for, so it is not final. Ask the question again.")
            self.append(connection, "commit", month=month, purpose=purpose, plan=plan, key=key, payload=payload)

    def grant(self, *, month: str, purpose: str, charge: Charge, name: str, reason: str) -> None:
        """Add to what a month's purpose may spend, under a name and for a reason."""
        with self.adding() as connection:
            said = json.dumps({"name": name, "reason": reason})
            self.append(connection, "grant", charge, month=month, purpose=purpose, payload=said)

    def enter(self, answers: Iterable[Answer], *, name: str, reason: str) -> int:
        """Enter releases that this ledger does not know, whatever is left, under a name and for a reason.

        After a restore people have seen them: they stay charged and stay the answer. Nothing is lowered. Returns how
        many there were.
        """
        with self.adding() as connection:
            known = set(connection.execute(sa.select(EVENTS.c.key).where(EVENTS.c.kind == "commit")).scalars())
            strange = [answer for answer in answers if answer.key not in known]
            said = json.dumps({"name": name, "reason": reason, "releases": len(strange)})
            self.append(connection, "restore", payload=said)
            for answer in strange:
                self._enter(connection, answer)
        return len(strange)

    def unknown(self, release_ids: Iterable[str]) -> list[str]:
        """Those of the stored releases that this ledger never committed: it is older than they are."""
        with self.reading() as connection:
            keys = connection.execute(sa.select(EVENTS.c.key).where(EVENTS.c.kind == "commit")).scalars()
            known = {f"r-{key[:12]}" for key in keys}
        return [each for each in release_ids if each not in known]

    def spent(self, month: str, purpose: str) -> Charge:
        """What was reserved of a month's purpose so far."""
        with self.reading() as connection:
            return _sum(connection, *_of("reserve", month, purpose))

    def granted(self, month: str, purpose: str) -> Charge:
        """What was granted on top of the purpose's share."""
        with self.reading() as connection:
            return _sum(connection, *_of("grant", month, purpose))

    def spent_by_month(self) -> dict[str, Charge]:
        """What was reserved of each month."""
        query = sa.select(EVENTS.c.month, *_SUMS).where(EVENTS.c.kind == "reserve").group_by(EVENTS.c.month)
        with self.reading() as connection:
            rows = connection.execute(query.order_by(EVENTS.c.month)).all()
        return {month: Charge(*map(int, parts)) for month, *parts in rows}

    def lifetime(self) -> Charge:
        """The sum over all months: a bound on what an account that is in every month can have lost."""
        return sum(self.spent_by_month().values(), Charge())

    def plan(self, plan: str) -> str | None:
        """The frozen plan as it was first reserved, or None."""
        of = (EVENTS.c.kind == "reserve", EVENTS.c.plan == plan, EVENTS.c.attempt == 0)
        with self.reading() as connection:
            return connection.execute(sa.select(EVENTS.c.payload).where(*of).order_by(EVENTS.c.seq).limit(1)).scalar()

    def released(self, key: str) -> str | None:
        """The committed bytes of a question, or None."""
        with self.reading() as connection:
            return _released(connection, key)

    def _refuse_answered(self, connection: sa.Connection, key: str) -> None:
        if _released(connection, key) is not None:
            raise LedgerError(_MEANWHILE)

    def _enter(self, connection: sa.Connection, answer: Answer) -> None:
        plan, purpose, key = f"restored {answer.key}", answer.purpose, answer.key
        attempt = _next(connection, EVENTS.c.kind == "drawing", EVENTS.c.key == key)
        for month in answer.months:
            about: dict[str, Any] = {"month": month, "purpose": purpose, "plan": plan}
            self.append(connection, "reserve", answer.charge, **about, payload="restored")
            self.append(connection, "drawing", answer.charge, **about, key=key, attempt=attempt)
        last: dict[str, Any] = {"month": answer.months[-1], "purpose": purpose, "plan": plan, "key": key}
        self.append(connection, "commit", **last, payload=answer.payload)

    def _reserve(
        self,
        connection: sa.Connection,
        plan: str,
        months: Collection[str],
        purpose: str,
        charge: Charge,
        allowance: Charge,
        *,
        payload: str,
        attempt: int,
    ) -> None:
        for month in dict.fromkeys(months):
            granted = _sum(connection, *_of("grant", month, purpose))
            left = allowance + granted - _sum(connection, *_of("reserve", month, purpose))
            _afford(charge, left, f"{purpose} of {month}")
            about = {"month": month, "purpose": purpose, "plan": plan, "payload": payload}
            self.append(connection, "reserve", charge, **about, attempt=attempt)


_SUMS = [sa.func.coalesce(sa.func.sum(EVENTS.c[part]), 0) for part in ("nano_rho", "delta")]


def _of(kind: str, month: str, purpose: str) -> tuple[sa.ColumnElement[bool], ...]:
    return EVENTS.c.kind == kind, EVENTS.c.month == month, EVENTS.c.purpose == purpose


def _sum(connection: sa.Connection, *of: sa.ColumnElement[bool]) -> Charge:
    return Charge(*map(int, connection.execute(sa.select(*_SUMS).where(*of)).one()))


def _next(connection: sa.Connection, *of: sa.ColumnElement[bool]) -> int:
    """The number of the attempt after those that are there: 0 where there is none."""
    return connection.execute(sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.attempt) + 1, 0)).where(*of)).scalar_one()


def _released(connection: sa.Connection, key: str) -> str | None:
    of = (EVENTS.c.kind == "commit", EVENTS.c.key == key)
    return connection.execute(sa.select(EVENTS.c.payload).where(*of)).scalar()


def _afford(charge: Charge, left: Charge, scope: str) -> None:
    if charge.nano_rho > left.nano_rho:
        raise InsufficientLoss(requested=charge.nano_rho, remaining=left.nano_rho, scope=scope)
    if charge.delta > left.delta:
        raise InsufficientLoss(requested=charge.delta, remaining=left.delta, scope=scope, of="delta")

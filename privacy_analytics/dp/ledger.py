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
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from privacy_analytics.dp.chain import EVENTS, Chain, Event, Writer
from privacy_analytics.dp.charge import NOTHING, Charge
from privacy_analytics.errors import InsufficientLoss, LedgerError

__all__ = ["Answer", "Charge", "Event", "Ledger"]

_PLAN, _KEY, _MONTH, _PURPOSE = (EVENTS.c[each] == sa.bindparam(each) for each in ("plan", "key", "month", "purpose"))
_TOTAL = [sa.func.sum(EVENTS.c[each]) for each in ("nano_rho", "delta")]
_BY_KIND = sa.select(EVENTS.c.kind, *_TOTAL).group_by(EVENTS.c.kind)
_OF_PURPOSE = _BY_KIND.where(EVENTS.c.kind.in_(("reserve", "grant")), _MONTH, _PURPOSE)
_OF_PLAN = _BY_KIND.where(EVENTS.c.kind.in_(("reserve", "drawing")), _PLAN, _MONTH)
_OF_MONTHS = sa.select(EVENTS.c.month, *_TOTAL).where(EVENTS.c.kind == "reserve").group_by(EVENTS.c.month)
_OF_KEY = sa.select(EVENTS.c.kind, EVENTS.c.plan, EVENTS.c.attempt).where(_KEY)
_KEYS = sa.select(EVENTS.c.key).where(EVENTS.c.kind == "commit")
_ANSWER = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == "commit", _KEY)
_FROZEN = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == "reserve", EVENTS.c.attempt == 0, _PLAN)


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
            with self.adding(
                at_once=False
            ) as writer:  # nothing is drawn before ``drawing`` is on disk, and this with it
                about: dict[str, Any] = {"plan": plan, "purpose": purpose, "payload": payload}
                _reserve(writer, months, charge, allowance, **about)
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
        with self.adding() as writer:
            before = _attempts(writer, key)
            about: dict[str, Any] = {"plan": plan, "purpose": purpose, "key": key, "attempt": len(set(before))}
            if any(drawn_by == plan for drawn_by, _ in before):
                _reserve(writer, months, charge, allowance, **about, payload="again, after a crash while drawing")
            for month in dict.fromkeys(months):
                sums = _sums(writer.connection, _OF_PLAN, plan=plan, month=month)
                _afford(charge, sums["reserve"] - sums["drawing"], "what this plan has reserved")
                writer.add("drawing", charge, **about, month=month)

    def commit(self, plan: str, *, month: str, purpose: str, key: str, payload: str) -> None:
        """Make a release final: from here the same question has these bytes as its answer.

        Raises LedgerError where it has an answer already, or where this plan never paid for one.
        """
        with self.adding() as writer:
            if not any(drawn_by == plan for drawn_by, _ in _attempts(writer, key)):
                raise LedgerError("This release was not paid for, so it is not final. Ask the question again.")
            writer.add("commit", month=month, purpose=purpose, plan=plan, key=key, payload=payload)

    def grant(self, *, month: str, purpose: str, charge: Charge, name: str, reason: str) -> None:
        """Add to what a month's purpose may spend, under a name and for a reason."""
        with self.adding() as writer:
            said = json.dumps({"name": name, "reason": reason})
            writer.add("grant", charge, month=month, purpose=purpose, payload=said)

    def enter(self, answers: Iterable[Answer], *, name: str, reason: str) -> int:
        """Enter releases that this ledger does not know, whatever is left, under a name and for a reason.

        After a restore people have seen them: they stay charged and stay the answer. Nothing is lowered. Returns how
        many there were.
        """
        with self.adding() as writer:
            known = set(writer.connection.execute(_KEYS).scalars())
            strange = [answer for answer in answers if answer.key not in known]
            writer.add("restore", payload=json.dumps({"name": name, "reason": reason, "releases": len(strange)}))
            for answer in strange:
                about: dict[str, Any] = {"purpose": answer.purpose, "plan": f"restored {answer.key}"}
                drawn: dict[str, Any] = about | {"key": answer.key, "attempt": len(set(_attempts(writer, answer.key)))}
                for month in answer.months:
                    writer.add("reserve", answer.charge, **about, month=month, payload="restored")
                    writer.add("drawing", answer.charge, **drawn, month=month)
                writer.add("commit", **about, month=answer.months[-1], key=answer.key, payload=answer.payload)
        return len(strange)

    def unknown(self, release_ids: Iterable[str]) -> list[str]:
        """Those of the stored releases that this ledger never committed: it is older than they are."""
        with self.reading() as connection:
            known = {f"r-{key[:12]}" for key in connection.execute(_KEYS).scalars()}
        return [each for each in release_ids if each not in known]

    def missing(self, release_ids: Iterable[str]) -> dict[str, str]:
        """The keys of committed answers that are not among the stored releases, by the ids that they have there."""
        stored = set(release_ids)
        with self.reading() as connection:
            known = {f"r-{key[:12]}": key for key in connection.execute(_KEYS).scalars()}
        return {each: key for each, key in known.items() if each not in stored}

    def spent(self, month: str, purpose: str) -> Charge:
        """What was reserved of a month's purpose so far."""
        with self.reading() as connection:
            return _sums(connection, _OF_PURPOSE, month=month, purpose=purpose)["reserve"]

    def granted(self, month: str, purpose: str) -> Charge:
        """What was granted on top of the purpose's share."""
        with self.reading() as connection:
            return _sums(connection, _OF_PURPOSE, month=month, purpose=purpose)["grant"]

    def spent_by_month(self) -> dict[str, Charge]:
        """What was reserved of each month, oldest first."""
        with self.reading() as connection:
            return dict(sorted(_sums(connection, _OF_MONTHS).items()))

    def lifetime(self) -> Charge:
        """The sum over all months: a bound on what an account that is in every month can have lost."""
        return sum(self.spent_by_month().values(), NOTHING)

    def plan(self, plan: str) -> str | None:
        """The frozen plan as it was first reserved, or None."""
        with self.reading() as connection:
            return connection.execute(_FROZEN, {"plan": plan}).scalar()

    def released(self, key: str) -> str | None:
        """The committed bytes of a question, or None."""
        with self.reading() as connection:
            return connection.execute(_ANSWER, {"key": key}).scalar()


def _reserve(writer: Writer, months: Sequence[str], charge: Charge, allowance: Charge, **about: Any) -> None:
    for month in dict.fromkeys(months):
        sums = _sums(writer.connection, _OF_PURPOSE, month=month, purpose=about["purpose"])
        _afford(charge, allowance + sums["grant"] - sums["reserve"], f"{about['purpose']} of {month}")
        writer.add("reserve", charge, **about, month=month)


def _attempts(writer: Writer, key: str) -> list[tuple[str, int]]:
    """Plan and attempt of every drawing of a question. Raises LedgerError where it has an answer."""
    events = writer.connection.execute(_OF_KEY, {"key": key}).all()
    if any(kind == "commit" for kind, _, _ in events):
        raise LedgerError("This question was answered meanwhile. Ask it again: that answer is free.")
    return [(plan, attempt) for kind, plan, attempt in events if kind == "drawing"]


def _sums(connection: sa.Connection, statement: sa.Select[Any], **named: str) -> dict[str, Charge]:
    rows: Sequence[Any] = connection.execute(statement, named).all()
    return defaultdict(Charge, {name: Charge(int(nano_rho), int(delta)) for name, nano_rho, delta in rows})


def _afford(charge: Charge, left: Charge, scope: str) -> None:
    if charge.nano_rho > left.nano_rho:
        raise InsufficientLoss(requested=charge.nano_rho, remaining=left.nano_rho, scope=scope)
    if charge.delta > left.delta:
        raise InsufficientLoss(requested=charge.delta, remaining=left.delta, scope=scope, of="delta")

"""The curator holds lake, key and ledger, and answers five calls: describe, preview, plan, release, budget.

JSON in, JSON out; nothing but public facts and releases leaves. A session talks to a curator in its own process, or,
later, to one that another OS user runs; the calls are the same.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from privacy_analytics import engines, policy, releasing, resolve
from privacy_analytics.asked import asked, charged, expected, taken
from privacy_analytics.audit import AuditLog
from privacy_analytics.budgets import Budgets, paid_from
from privacy_analytics.contracts import Table, synthetic, tables
from privacy_analytics.counting import told_to
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import Bounded, Cohort, CountAccounts, Question, question_from
from privacy_analytics.drawing import Purse, draw, price, released_accounts, unanswered
from privacy_analytics.errors import LedgerError, UsageError
from privacy_analytics.lake import Lake, private_files
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot, last_complete_month, named, snapshot
from privacy_analytics.stored import release_store

Json = dict[str, Any]
_REPORT = re.compile(r"[\w .,:&()+/-]{0,100}")
MOST_DRAWS = 100
"""How often a question may be drawn again for more precision."""


class Curator:
    """Answers an analyst's calls; every call names ``month``, or a revision's token, and ``purpose``.

    A question about a revision is read with the rights of its purpose and paid from the share of revisions. Earlier
    months that it reads are those that were read first.

    ``trust`` is "enforced" where the session runs as another OS user. "embedded" guards against accidents alone, not
    against somebody who opens the files. ``user`` is who asks, for the audit log: an OS user's number, or the name that
    a token was made out to; else this process's own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        trust: str = "embedded",
        user: int | str | None = None,
    ) -> None:
        self.settings, self.clock, self.trust = settings, clock, trust
        self.user = os.getuid() if user is None else user
        self.lake = Lake(settings.path("lake"))
        self.store = release_store(settings)
        self._tables: dict[str, dict[str, Table]] = {}

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, its chain verified; a release that the ledger does not know is refused."""
        ledger = self.open_ledger()
        if strange := ledger.unknown(self.store.ids()):
            raise LedgerError(
                f"{len(strange)} stored release(s) are not in the ledger: it is older than its releases. Restore the "
                "newest ledger. If this is the newest, enter them with their charges: "
                "pa doctor --accept-restore --name NAME --reason WHY"
            )
        return ledger

    @cached_property
    def budgets(self) -> Budgets:
        """What the ledger has left, by month and purpose."""
        return Budgets(self.settings, self.ledger)

    @property
    def tables(self) -> dict[str, Table]:
        """The contract, with who may ask for what as the version of the policy in force has it."""
        now = self.clock()
        version = policy.in_force(self.settings, now).version
        if version not in self._tables:
            self._tables = {version: tables(self.settings, now)}
        return self._tables[version]

    def open_ledger(self) -> Ledger:
        """The ledger, its chain verified, whatever releases are stored."""
        return Ledger(self.settings.ledger_at)

    def call(self, name: str, request: Mapping[str, Any]) -> Json:
        """Answer one of the five calls by name. Raises UsageError for another name."""
        calls = {
            "describe": self.describe,
            "preview": self.preview,
            "plan": self.plan,
            "release": self.release,
            "budget": self.budget,
        }
        if name not in calls:
            raise UsageError(f"A curator answers: {', '.join(calls)}.")
        return calls[name](request)

    def describe(self, request: Mapping[str, Any]) -> Json:
        """What may be asked: tables, columns, bounds, public keys; and under which rules. Never a value."""
        frozen, purpose = self._context(request)
        columns = {
            name: {
                column: {"kind": spec.kind, "keys": list(spec.values), "bounds": spec.bounds, "per_account": spec.cells}
                for column, spec in table.columns.items()
                if purpose in spec.purposes and spec.kind in ("key", "number", "flag")
            }
            for name, table in self.tables.items()
            if purpose in table.purposes
        }
        return {
            "month": frozen.month,
            "snapshot": frozen.token,
            "provisional": frozen.provisional,
            "purpose": purpose,
            "paid_from": paid_from(frozen, purpose),
            "population": policy.population(self.settings, purpose, self.clock()),
            "product": self.settings.product,
            "policy": policy.in_force(self.settings, self.clock()).version,
            "timezone": self.settings.timezone,
            "trust": self.trust,
            "unit": f"one account, all its rows, in {frozen.month} ({self.settings.timezone})",
            "tables": columns,
            "rows_per_account": {name: self.tables[name].rows_per_account for name in columns},
            "budget": self.budget(request),
        }

    def preview(self, request: Mapping[str, Any]) -> Json:
        """Five synthetic rows of a table that the purpose may read, made from the contract alone."""
        purpose = self._purpose(request)
        table = self.tables.get(str(request.get("table")))
        if table is None:
            hint = resolve.nearest(str(request.get("table")), self.tables)
            raise UsageError(f"There is no such table.{hint} Tables: {', '.join(self.tables)}.")
        resolve.may_read(self.tables, table.name, purpose)
        return {"table": table.name, "watermark": "synthetic", "rows": synthetic(table)}

    def plan(self, request: Mapping[str, Any]) -> Json:
        """Price a plan without spending: each block's charge, expected half-width, and what will be unreliable."""
        frozen, purpose = self._context(request)
        blocks = self._blocks(request, frozen, purpose)
        purse = self.budgets.purse(charged(blocks, frozen.month), paid_from(frozen, purpose))
        return price(
            blocks,
            purse,
            budget=taken(request, self.budgets.open_to(purpose, purse)),
            explicit="question" in request,
            accounts=float(self.settings.loss.accounts),
            counted=self._counted(frozen, purpose),
            parts=self._parts(request, frozen, purpose),
        )

    def release(self, request: Mapping[str, Any]) -> Json:
        """Answer a plan (``blocks``) or one ``question``: stored answers free, the rest paid from one reservation.

        Raises
        ------
        InsufficientLoss
            something is new and nothing is left for it
        LedgerError
            a question failed while its noise was drawn; its charge is gone
        """
        frozen, purpose = self._context(request)
        blocks = self._blocks(request, frozen, purpose)
        purse = self.budgets.purse(charged(blocks, frozen.month), paid_from(frozen, purpose))
        read = self._read(purse.months, frozen)
        report = str(request.get("report") or "")
        if not _REPORT.fullmatch(report):
            raise UsageError("A report is named with letters, digits, spaces and . , : & ( ) + / - only.")
        with self._one_at_a_time():
            before, fresh = purse.spent, unanswered(blocks, self.ledger)
            if fresh:
                engines.ready(self.settings)  # what cannot count is not paid for
            now = self.clock()
            answer = partial(
                releasing.answer,
                settings=self.settings,
                lake=self.lake,
                tables=self.tables,
                read=read,
                floor=policy.floor(self.settings, purpose, now),
                recorded=releasing.recorded(
                    self.settings, self.lake, now, purpose=purpose, report=report, trust=self.trust
                )
                | _about(read, purse, purpose),
            )
            outcome = draw(
                blocks,
                purse,
                budget=taken(request, self.budgets.open_to(purpose, purse)),
                explicit="question" in request,
                accounts=self._counted(frozen, purpose) or float(self.settings.loss.accounts),
                parts=self._parts(request, frozen, purpose),
                answer=answer,
            )
            answers: dict[str, Json] = {}
            for name, grains in blocks.items():
                text = next((text for grain in grains if (text := self.ledger.released(grain.key))), None)
                if text is not None:
                    answers[name] = json.loads(text)
                    self.store.put(answers[name]["id"], text)
            AuditLog(self.settings).add(
                "release",
                purpose=purpose,
                month=frozen.month,
                snapshot=frozen.token if frozen.revision else None,
                user=self.user,
                report=report or None,
                releases=[each["id"] for each in answers.values()],
                new=len(fresh.keys() & answers.keys()),
            )
            return {
                "releases": answers,
                "too_small": [{"name": each.name, "needs": each.needs} for each in outcome.too_small],
                "lost": outcome.lost,
                "nano_rho": (purse.spent - before).nano_rho,
                "left": purse.left.nano_rho,
            }

    def budget(self, request: Mapping[str, Any]) -> Json:
        """What each purpose of the month has spent and has left, and what an account may have lost in all months."""
        frozen, _ = self._context(request)
        return self.budgets.told(frozen.month)

    def _context(self, request: Mapping[str, Any]) -> tuple[Snapshot, str]:
        purpose = self._purpose(request)
        month = str(request.get("month") or "") or last_complete_month(self.settings, self.clock())
        return named(self.settings, month, now=self.clock()), purpose

    def _purpose(self, request: Mapping[str, Any]) -> str:
        purpose = str(request.get("purpose") or "exploration")
        policy.check_purpose(self.settings, purpose, self.clock())
        return purpose

    def _counted(self, frozen: Snapshot, purpose: str, who: Cohort | None = None) -> float | None:
        """Active accounts of the month, or of a cohort, where they were released already: better than a guess."""
        if purpose not in self.tables["events"].purposes:
            return None
        question = CountAccounts("events", cohort=who)
        counted = self._resolved(question, frozen, purpose)
        if known := released_accounts({"size": (counted,)}, "size", self.ledger):
            return known
        return self._counted(self._snapshot(frozen.month), purpose, who) if frozen.revision else None

    def _parts(self, request: Mapping[str, Any], frozen: Snapshot, purpose: str) -> dict[str, float]:
        """About which part of the month's accounts a block is about: what the request expects, of its cohort's."""
        parts = expected(request)
        everybody = self._counted(frozen, purpose) or float(self.settings.loss.accounts)
        for name, each in asked(request).items():
            who = question_from(each).cohort
            size = self._counted(frozen, purpose, who) if who else None
            if size is not None:
                parts[name] = parts.get(name, 1.0) * min(size / everybody, 1.0)
        return parts

    def _snapshot(self, month: str) -> Snapshot:
        return snapshot(self.settings, month, now=self.clock())

    def _read(self, months: Sequence[str], frozen: Snapshot) -> list[Snapshot]:
        """What questions read of these months: a revision of the last, the others as they were first read."""
        return [*map(self._snapshot, months[:-1]), frozen]

    def _resolved(self, question: Question, frozen: Snapshot, purpose: str) -> Bounded:
        read = self._read(resolve.months_of(question, frozen.month), frozen)
        tokens = "+".join(each.token for each in read)
        return resolve.resolve(question, self.tables, purpose=purpose, month=frozen.month, snapshot=tokens)

    def _blocks(self, request: Mapping[str, Any], frozen: Snapshot, purpose: str) -> dict[str, tuple[Bounded, ...]]:
        again = request.get("again", 0)
        if isinstance(again, bool) or not isinstance(again, int) or not 0 <= again <= MOST_DRAWS:
            raise UsageError(f"A question is drawn again at most {MOST_DRAWS} times.")
        blocks: dict[str, tuple[Bounded, ...]] = {}
        for name, each in asked(request).items():
            question = question_from(each)
            blocks[name] = tuple(
                replace(self._resolved(grain, frozen, purpose), again=again)
                for grain in (resolve.grains(question) if "blocks" in request else (question,))
            )
        return blocks

    @contextmanager
    def _one_at_a_time(self) -> Generator[None]:
        """Releases on one ledger wait for each other: the second gets the first one's bytes. No row is rewritten."""
        with (
            private_files(),
            self.ledger.turn(),
            self.lake.reading(),
            told_to(self.settings.path("logs", "operator.log")),
        ):
            yield


def _about(read: Sequence[Snapshot], purse: Purse, purpose: str) -> Json:
    """What is written into a release beside the rest where a month was not read as usual."""
    unfinished = [each.token for each in read if each.provisional]
    paid = {"paid_from": purse.purpose} if purse.purpose != purpose else {}
    return paid | ({"provisional": unfinished} if unfinished else {})

"""The curator holds lake, key and ledger, and answers five calls: describe, preview, plan, release, budget.

JSON in, JSON out; nothing but public facts and releases leaves. A session talks to a curator in its own process, or,
later, to one that another OS user runs; the calls are the same.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any, cast

from privacy_analytics import policy, resolve, themes
from privacy_analytics.asked import asked, charged, expected
from privacy_analytics.contracts import synthetic, tables
from privacy_analytics.counting import LakeEngine, told_to
from privacy_analytics.dp import answering, mechanisms
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import Bounded, Cohort, CountAccounts, TopKeys, question_from
from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.drawing import Purse, draw, price, released_accounts
from privacy_analytics.errors import LedgerError, UsageError
from privacy_analytics.lake import Lake, private_files
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot, last_complete_month, snapshot

Json = dict[str, Any]
MOST_DRAWS = 100
"""How often a question may be drawn again for more precision."""


class Curator:
    """Answers an analyst's calls; every call names ``month`` and ``purpose``.

    ``trust`` is "enforced" where the session runs as another OS user. "embedded" guards against accidents alone, not
    against somebody who opens the files.
    """

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), trust: str = "embedded"
    ) -> None:
        self.settings, self.clock, self.trust = settings, clock, trust
        self.lake = Lake(settings.path("lake"))
        self.store = ReleaseStore(settings.path("releases"))
        self.tables = tables(settings)

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

    def open_ledger(self) -> Ledger:
        """The ledger, its chain verified, whatever releases are stored."""
        url = self.settings.ledger_url
        relative = url.startswith("sqlite:///") and not url.startswith("sqlite:////")
        return Ledger(f"sqlite:///{self.settings.path(url.removeprefix('sqlite:///'))}" if relative else url)

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
        }
        return {
            "month": frozen.month,
            "snapshot": frozen.token,
            "purpose": purpose,
            "population": policy.population(purpose),
            "product": self.settings.product,
            "policy": policy.in_force(self.settings, self.clock()).version,
            "timezone": self.settings.timezone,
            "trust": self.trust,
            "unit": f"one account, all its rows, in {frozen.month} ({self.settings.timezone})",
            "tables": columns,
            "rows_per_account": {name: table.rows_per_account for name, table in self.tables.items()},
            "budget": self.budget(request),
        }

    def preview(self, request: Mapping[str, Any]) -> Json:
        """Five synthetic rows of a table, made from the contract alone."""
        table = self.tables.get(str(request.get("table")))
        if table is None:
            hint = resolve.nearest(str(request.get("table")), self.tables)
            raise UsageError(f"There is no such table.{hint} Tables: {', '.join(self.tables)}.")
        return {"table": table.name, "watermark": "synthetic", "rows": synthetic(table)}

    def plan(self, request: Mapping[str, Any]) -> Json:
        """Price a plan without spending: each block's charge, expected half-width, and what will be unreliable."""
        frozen, purpose = self._context(request)
        blocks = self._blocks(request, frozen, purpose)
        purse = self._purse(charged(blocks, frozen.month), purpose)
        return price(
            blocks,
            purse,
            budget=self._share_of(request, purse),
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
        purse = self._purse(charged(blocks, frozen.month), purpose)
        read = [self._snapshot(month) for month in purse.months]
        recorded = self._recorded(purpose, str(request.get("report") or ""))
        with self._one_at_a_time():
            before = purse.spent
            outcome = draw(
                blocks,
                purse,
                budget=self._share_of(request, purse),
                explicit="question" in request,
                accounts=self._counted(frozen, purpose) or float(self.settings.loss.accounts),
                parts=self._parts(request, frozen, purpose),
                answer=lambda bounded, charge: self._answer(bounded, charge, read, recorded),
            )
            answers: dict[str, Json] = {}
            for name, grains in blocks.items():
                text = next((text for grain in grains if (text := self.ledger.released(grain.key))), None)
                if text is not None:
                    answers[name] = json.loads(text)
                    self.store.put(answers[name]["id"], text)
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
        loss = self.settings.loss
        months = {month: charge.nano_rho for month, charge in self.ledger.spent_by_month().items()}
        purses = self.purses(frozen.month)
        purposes = {
            purpose: {name: getattr(purse, name).nano_rho for name in ("allowance", "spent", "left")}
            for purpose, purse in purses.items()
        }
        spent = sum(row["spent"] for row in purposes.values())
        return {
            "month": frozen.month,
            "epsilon": loss.epsilon,
            "delta": loss.delta,
            "nano_rho": self._monthly(),
            "purposes": purposes,
            "epsilon_spent": self.epsilon(spent),
            "lifetime": {"months": months, "epsilon": self.epsilon(sum(months.values()))},
        }

    def purses(self, month: str) -> dict[str, Purse]:
        """Every purpose's part of a month."""
        return {purpose: self._purse((month,), purpose) for purpose in self.settings.loss.shares}

    def epsilon(self, nano_rho: int) -> float:
        """The ε of a rho, at the half of δ that is kept for conversion."""
        return mechanisms.epsilon_of(nano_rho, self.settings.loss.delta / 2)

    def _context(self, request: Mapping[str, Any]) -> tuple[Snapshot, str]:
        purpose = str(request.get("purpose") or "exploration")
        policy.check_purpose(purpose)
        month = str(request.get("month") or "") or last_complete_month(self.settings, self.clock())
        return self._snapshot(month), purpose

    def _counted(self, frozen: Snapshot, purpose: str, who: Cohort | None = None) -> float | None:
        """Active accounts of the month, or of a cohort, where they were released already: better than a guess."""
        about: dict[str, Any] = {"purpose": purpose, "month": frozen.month}
        question = CountAccounts("events", cohort=who)
        tokens = "+".join(self._snapshot(month).token for month in resolve.months_of(question, frozen.month))
        counted = resolve.resolve(question, self.tables, **about, snapshot=tokens)
        return released_accounts({"size": (counted,)}, "size", self.ledger)

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

    def _blocks(self, request: Mapping[str, Any], frozen: Snapshot, purpose: str) -> dict[str, tuple[Bounded, ...]]:
        again = request.get("again", 0)
        if isinstance(again, bool) or not isinstance(again, int) or not 0 <= again <= MOST_DRAWS:
            raise UsageError(f"A question is drawn again at most {MOST_DRAWS} times.")
        blocks: dict[str, tuple[Bounded, ...]] = {}
        for name, each in asked(request).items():
            question = question_from(each)
            tokens = [self._snapshot(month).token for month in resolve.months_of(question, frozen.month)]
            about: dict[str, Any] = {"purpose": purpose, "month": frozen.month, "snapshot": "+".join(tokens)}
            blocks[name] = tuple(
                replace(resolve.resolve(grain, self.tables, **about), again=again)
                for grain in (resolve.grains(question) if "blocks" in request else (question,))
            )
        return blocks

    def _answer(self, bounded: Bounded, charge: Charge, read: Sequence[Snapshot], recorded: Json) -> Release:
        salt = hmac.digest(self.settings.secret_keys()[-1], b"cell priority", "sha256")
        engine = LakeEngine(self.lake, self.tables, read, salt, self.settings.timezone)
        floor = policy.floor(self.settings, recorded["purpose"])
        drawn = answering.answer(bounded, charge, engine, floor)
        return Release(
            id=bounded.release_id,
            key=bounded.key,
            unit=cast("Any", bounded.unit),
            table=bounded.question.table,
            by=bounded.names,
            month=read[-2 if bounded.question.earlier else -1].month,
            snapshot=bounded.snapshot,
            population=bounded.population,
            floor=floor,
            cells=drawn.cells,
            question=bounded.canonical(),
            mechanism=drawn.mechanism,
            nano_rho=charge.nano_rho,
            delta=charge.delta,
            recorded=recorded | ({"themes": themes.quoted()} if bounded.question.table == "themes" else {}),
        )

    def _share_of(self, request: Mapping[str, Any], purse: Purse) -> Charge:
        share = request.get("share")
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise UsageError("share is a part of what the purpose has left: above 0, at most 1.")
        discovering = any(each.get("kind") == TopKeys.kind for each in asked(request).values())
        left = purse.left
        return Charge(int(share * left.nano_rho), int(share * left.delta) if discovering else 0)

    def _purse(self, months: tuple[str, ...], purpose: str) -> Purse:
        """One purpose's part of what (ε, δ) buys: half of δ is for the conversion, the other half for thresholds."""
        share, delta = self.settings.loss.shares[purpose], self.settings.loss.delta / 2
        return Purse(self.ledger, months, purpose, Charge(int(share * self._monthly()), int(share * delta * 1e15)))

    def _monthly(self) -> int:
        return mechanisms.nano_rho_for(self.settings.loss.epsilon, self.settings.loss.delta / 2)

    def _recorded(self, purpose: str, report: str) -> Json:
        loss = self.settings.loss
        return {
            "purpose": purpose,
            "report": report,
            "policy": policy.in_force(self.settings, self.clock()).version,
            "released_at": self.clock().isoformat(timespec="seconds"),
            "timezone": self.settings.timezone,
            "product": self.settings.product,
            "epsilon": loss.epsilon,
            "delta": loss.delta,
            "trust": self.trust,
            "scrubbing": self.lake.scrubbing(),
            "software": {name: version(name) for name in ("privacy-analytics", "opendp", "polars")},
        }

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

"""Spending: reserve once, release the month's accounts, split the rest by that released number, draw, commit.

Every step is durable before the next, and nothing here decides by a true value: a process killed anywhere resumes from
the ledger and takes the same decisions again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from privacy_analytics.counting import OPERATOR
from privacy_analytics.dp import answering, plans
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import Bounded, CountAccounts
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import LOST, InsufficientLoss, LedgerError

Blocks = Mapping[str, tuple[Bounded, ...]]
"""A report's questions by name, each as its grains of time from fine to coarse."""


@dataclass(frozen=True)
class Purse:
    """One purpose's part of the privacy loss of a month; of several months for a question that spans them."""

    ledger: Ledger
    months: tuple[str, ...]
    """Oldest first; a charge is taken from each."""
    purpose: str
    share: Charge

    @property
    def allowance(self) -> Charge:
        """Of the last month."""
        return self.share + self.ledger.granted(self.months[-1], self.purpose)

    @property
    def spent(self) -> Charge:
        """Of the last month."""
        return self.ledger.spent(self.months[-1], self.purpose)

    @property
    def left(self) -> Charge:
        """What every month has left."""
        each = [
            self.share + self.ledger.granted(month, self.purpose) - self.ledger.spent(month, self.purpose)
            for month in self.months
        ]
        return Charge(min(charge.nano_rho for charge in each), min(charge.delta for charge in each))

    @property
    def about(self) -> dict[str, Any]:
        """How the ledger names it."""
        return {"months": self.months, "purpose": self.purpose, "allowance": self.share}


@dataclass
class Outcome:
    """What a plan did not release: blocks too small this month, and blocks lost in a crash and not paid again."""

    too_small: list[plans.TooSmall] = field(default_factory=list[plans.TooSmall])
    lost: list[str] = field(default_factory=list[str])


def plan_id(blocks: Blocks, purpose: str) -> str:
    """The same questions for the same purpose are the same plan, whenever and from wherever they are asked."""
    text = json.dumps(
        [purpose, {name: [grain.key for grain in grains] for name, grains in blocks.items()}], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def anchor_of(blocks: Blocks) -> str | None:
    """The block that counts everybody once: the number that the others are planned by."""
    for name, grains in blocks.items():
        question = grains[0].question
        if isinstance(question, CountAccounts) and not (question.by or question.where or question.cohort):
            return name
    return None


def unanswered(blocks: Blocks, ledger: Ledger) -> dict[str, tuple[Bounded, ...]]:
    """The blocks that have no committed answer at any grain."""
    return {name: grains for name, grains in blocks.items() if not any(ledger.released(grain.key) for grain in grains)}


def set_aside(blocks: Blocks, anchor: str | None, budget: Charge) -> tuple[list[plans.Allotment], Blocks, Charge]:
    """The anchor's part first, where it is new; then the blocks that remain, and what remains for them."""
    if anchor is None or anchor not in blocks or len(blocks) == 1:
        return [], blocks, budget
    first = Charge(max(int(budget.nano_rho * plans.ANCHOR_SHARE), 1))
    rest = {name: grains for name, grains in blocks.items() if name != anchor}
    return [plans.Allotment(anchor, blocks[anchor][0], first)], rest, budget - first


def released_accounts(blocks: Blocks, anchor: str | None, ledger: Ledger) -> float | None:
    """The anchor's released number, at least 1; None before it is released."""
    text = ledger.released(blocks[anchor][0].key) if anchor else None
    return max(Release.from_json(text).cells[0].value, 1.0) if text else None


def price(
    blocks: Blocks,
    purse: Purse,
    *,
    budget: Charge,
    explicit: bool,
    accounts: float,
    counted: float | None = None,
    parts: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """What `draw` with these parameters would reserve, and how wide it expects the answers to be.

    ``counted`` is the month's released number of accounts, where there is one; it stands for ``accounts``.
    """
    parts = parts or {}
    ledger, anchor = purse.ledger, anchor_of(blocks)
    fresh = unanswered(blocks, ledger)
    reserved = ledger.plan(plan_id(blocks, purse.purpose))
    if reserved:
        kept = json.loads(reserved)
        budget = Charge(kept["nano_rho"], kept["delta"])
    known = released_accounts(blocks, anchor, ledger) or counted
    population = known or accounts
    first, rest, left = set_aside(fresh, anchor, Charge(max(budget.nano_rho, len(fresh)), budget.delta))
    allotted, small = plans.allot(rest, population, left, parts=parts, all_of_them=explicit)
    charges = {each.name: each for each in (*first, *allotted)}
    needs = {each.name: each.needs for each in small}
    rows: list[dict[str, Any]] = []
    for name, grains in blocks.items():
        bounded = charges[name].bounded if name in charges else grains[0]
        charge = charges[name].charge if name in charges else Charge()
        size = population * parts.get(name, 1.0)
        rows.append(
            {
                "name": name,
                "kind": bounded.question.kind,
                "by": list(bounded.names),
                "cells": len(bounded.cells),
                "answered": name not in fresh,
                "nano_rho": 0 if reserved else charge.nano_rho,
                "delta": 0 if reserved else charge.delta,
                "half_width": answering.half_width(bounded, charge.nano_rho) if name in charges else None,
                "expected_cell": plans.expected_cell(bounded, size),
                "needs": needs.get(name),
                "per_account": bounded.per_account,
                "per_cell": bounded.per_cell,
                "instead": plans.alternatives(bounded, grains, size, charge) if name in charges else [],
            }
        )
    return {
        "blocks": rows,
        "months": list(purse.months),
        "accounts": population,
        "accounts_released": known is not None,
        "nano_rho": sum(row["nano_rho"] for row in rows),
        "delta": sum(row["delta"] for row in rows),
        "left": purse.left.nano_rho,
    }


def draw(
    blocks: Blocks,
    purse: Purse,
    *,
    budget: Charge,
    explicit: bool,
    accounts: float,
    parts: Mapping[str, float] | None = None,
    answer: Callable[[Bounded, Charge], Release],
) -> Outcome:
    """Release what is new in ``blocks``. The plan stays as it was when it was first reserved.

    Parameters
    ----------
    budget : what to reserve, unless this plan is reserved already
    explicit : an analyst asked for exactly this; release it however wide its error bars are
    accounts : population to plan by where no block counts everybody
    parts : of blocks that are about few accounts, about which part of them; kept with the plan
    answer : draws the noise for a bounded question at a price
    """
    outcome = Outcome()
    ledger, plan, anchor = purse.ledger, plan_id(blocks, purse.purpose), anchor_of(blocks)
    fresh = unanswered(blocks, ledger)
    if not fresh:
        return outcome
    if (kept := ledger.plan(plan)) is None:
        if budget.nano_rho < len(fresh):
            scope = f"{purse.purpose} of {purse.months[-1]}"
            raise InsufficientLoss(requested=len(fresh), remaining=budget.nano_rho, scope=scope)
        if anchor not in fresh:
            known = released_accounts(blocks, anchor, ledger) or accounts
            allotted, outcome.too_small = plans.allot(fresh, known, budget, parts=parts, all_of_them=explicit)
            if not allotted:  # nothing would be drawn, so nothing is reserved
                return outcome
            if short := [answering.least(each.bounded) for each in allotted if not _pays(each)]:
                delta = budget.delta < short[0].delta
                asked, there = ((each.delta if delta else each.nano_rho) for each in (short[0], budget))
                scope, of = f"{purse.purpose} of {purse.months[-1]}", "delta" if delta else "rho"
                raise InsufficientLoss(requested=asked, remaining=there, scope=scope, of=of)
        charge = {"nano_rho": budget.nano_rho, "delta": budget.delta}
        decided = {
            "accounts": accounts,
            "anchor": anchor,
            "blocks": sorted(fresh),
            "parts": dict(parts or {}),
            **charge,
        }
        kept = json.dumps(decided, sort_keys=True)
        ledger.reserve(plan, charge=budget, payload=kept, **purse.about)
    frozen = json.loads(kept)
    named = {name: blocks[name] for name in frozen["blocks"]}
    first, rest, left = set_aside(named, frozen["anchor"], Charge(frozen["nano_rho"], frozen["delta"]))
    for allotment in first:
        _draw_one(plan, allotment, purse, answer, outcome)
    accounts = released_accounts(blocks, frozen["anchor"], ledger) or frozen["accounts"]
    allotted, outcome.too_small = plans.allot(rest, accounts, left, parts=frozen.get("parts", {}), all_of_them=explicit)
    for allotment in allotted:
        _draw_one(plan, allotment, purse, answer, outcome)
    return outcome


def _pays(allotment: plans.Allotment) -> bool:
    """Whether its charge is enough to draw anything: found out before the charge is gone."""
    return answering.least(allotment.bounded).within(allotment.charge)


def _draw_one(
    plan: str, allotment: plans.Allotment, purse: Purse, answer: Callable[[Bounded, Charge], Release], outcome: Outcome
) -> None:
    """Draw one block unless it is answered; one that a crash swallowed is paid again, where that can be paid."""
    ledger, bounded, charge = purse.ledger, allotment.bounded, allotment.charge
    if ledger.released(bounded.key) is not None:
        return
    if not _pays(allotment):
        outcome.lost.append(allotment.name)
        return
    try:
        ledger.drawing(plan, key=bounded.key, charge=charge, **purse.about)
    except InsufficientLoss:
        outcome.lost.append(allotment.name)
        return
    if (text := _guarded(answer, bounded, charge)) is None:
        raise LedgerError(LOST)
    ledger.commit(plan, month=purse.months[-1], purpose=purse.purpose, key=bounded.key, payload=text)


def _guarded(answer: Callable[[Bounded, Charge], Release], bounded: Bounded, charge: Charge) -> str | None:
    """The answer's bytes; None, whatever went wrong: a cause, even an engine's panic, may quote data."""
    try:
        return answer(bounded, charge).to_json()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # a polars panic is no Exception
        OPERATOR.error("a question failed while it was drawn: %s", type(error).__name__)
        return None

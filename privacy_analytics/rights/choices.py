"""What a person, or the law, decides about an account's data: opt out, limit, hold, close; and back again.

A choice is a mark in the lake. It is carried out for what was frozen when its request was made; each step can be done
twice, so that a retry completes what a crash cut short.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

import polars as pl

from privacy_analytics.audit import Action
from privacy_analytics.errors import NotFound
from privacy_analytics.lake import ALWAYS, Lake, rewrite, write_private
from privacy_analytics.rights.clocks import ask_again_from
from privacy_analytics.rights.requests import Kind, Request, Requests

FORMAT = 1
RECEIPT = "receipt.json"
HOLDS = ("litigation", "regulator", "law_enforcement")
"""Why data may have to be kept (Cal. Civ. Code 1798.145(a); policy §6)."""
_STAY = "Releases and reports that were made before stay: they are aggregate."


@dataclass(frozen=True)
class Choice:
    """What one kind of request does."""

    mark: str
    is_set: bool
    means: str
    """What follows from it."""
    unchanged: str
    """What does not."""


CHOICES: dict[str, Choice] = {
    "opt-out": Choice(
        "opt_out",
        is_set=True,
        means="Out of every new marketing number from now on, whatever month it is about (Cal. Civ. Code 1798.120).",
        unchanged=f"Internal counts keep the account. {_STAY}",
    ),
    "opt-in": Choice(
        "opt_out",
        is_set=False,
        means="In marketing numbers again, unless the product's export says otherwise.",
        unchanged=f"The product's own flags are as they were. {_STAY}",
    ),
    "limit": Choice(
        "limit",
        is_set=True,
        means="Out of new themes and phrases, which are made of texts (Cal. Civ. Code 1798.121).",
        unchanged=f"Texts stay, scrubbed; counts of use keep the account. {_STAY}",
    ),
    "unlimit": Choice(
        "limit", is_set=False, means="In themes and phrases again.", unchanged=f"Texts are as they were. {_STAY}"
    ),
    "hold": Choice(
        "hold",
        is_set=True,
        means="Out of every new number from now on. Erasing or closing is deferred until the hold is lifted.",
        unchanged=f"No row is changed or removed. {_STAY}",
    ),
    "unhold": Choice(
        "hold",
        is_set=False,
        means="In numbers again where no other hold is in force; what was deferred can be carried out.",
        unchanged=f"No row is changed or removed. {_STAY}",
    ),
    "close": Choice(
        "closed",
        is_set=True,
        means="The keyed hashes of e-mail, user name and name are gone: nobody is found by them any more, and they do "
        "not come back with a later export (policy §5).",
        unchanged="Pseudonymous rows stay and count. Deletion of everything is: pa account erase",
    ),
}


def freeze(kind: Kind, requests: Requests, accounts: Iterable[str], **given: str) -> dict[str, Any]:
    """What is decided when a request is made: for a hold its id, reference and reason; for ``unhold`` what it lifts.

    Raises NotFound where no hold of that reference is in force.
    """
    if kind == "hold":
        return {"hold": f"H-{secrets.token_hex(3)}", **given}
    if kind == "unhold":
        ours = [each.frozen for each in _in_force(requests, accounts) if each.frozen["reference"] == given["reference"]]
        if not ours:
            raise NotFound("No hold with this reference is in force for somebody named. See: pa account requests --all")
        return {"lifts": [each["hold"] for each in ours], **given}
    if kind == "close":
        return {"hashes": _identities(requests.lake, accounts)}
    return {}


def carry_out(requests: Requests, request: Request, *, by: str, today: date) -> dict[str, Any]:
    """Do what a request asks for, write its receipt, and return that. Done before: nothing is done again.

    Where a hold forbids to close an account, nothing is removed: the request waits as ``deferred``.

    Raises TryLater while an intake is at work; ``close`` waits for it, and for questions, for ten minutes.
    """
    receipt, kind = requests.path(request, RECEIPT), cast("Action", request.kind)
    lake, choice = requests.lake, CHOICES[request.kind]
    with lake.alone() if kind == "close" else lake.locked():
        request = requests.get(request.id)
        if request.state == "done":
            return json.loads(receipt.read_text(encoding="utf-8"))
        if request.state == "open":
            request = requests.step(request, "working", "begun")
        accounts = requests.accounts(request)
        if kind == "close" and (held := holds(requests, accounts)):
            requests.step(request, "deferred", f"deferred: hold {', '.join(held)}")
            return {"request": request.id, "kind": kind, "accounts": len(accounts), "deferred": held}
        if marked := _to_mark(requests, request, accounts):
            lake.mark(marked, choice.mark, is_set=choice.is_set, at=datetime.now(UTC))
        if kind == "close":
            lake.recover()
            rewrite(lake, "identities", pl.col("account").is_in(accounts))
        said = _said(lake, request, accounts, today)
        write_private(receipt, json.dumps(said, indent=1, ensure_ascii=False))
        requests.log.add(kind, request=request.id, by=by, accounts=len(accounts), **_logged(request))
        requests.step(request, "done", f"{kind}: {len(accounts)} account(s)", answered=today)
    return said


def holds(requests: Requests, accounts: Iterable[str]) -> list[str]:
    """The ids (``H-…``) of holds in force for some of these accounts, oldest first."""
    return [each.frozen["hold"] for each in _in_force(requests, accounts)]


def deferred(requests: Requests, accounts: Iterable[str]) -> list[Request]:
    """The requests about these accounts that wait for a hold to be lifted."""
    return [each for each in _about(requests, accounts) if each.state == "deferred"]


def _in_force(requests: Requests, accounts: Iterable[str]) -> list[Request]:
    about = _about(requests, accounts)
    lifted = {hold for each in about if each.kind == "unhold" and each.state == "done" for hold in each.frozen["lifts"]}
    return [each for each in about if each.kind == "hold" and each.frozen["hold"] not in lifted]


def _about(requests: Requests, accounts: Iterable[str]) -> list[Request]:
    """Requests that were entered whole: a crash may have left a subject without its record."""
    ids = set(requests.about(accounts))
    return [each for each in requests.all() if each.id in ids]


def _to_mark(requests: Requests, request: Request, accounts: Iterable[str]) -> list[str]:
    """All of them; when a hold is lifted those without another one."""
    if request.kind != "unhold":
        return list(accounts)
    lifts = set(request.frozen["lifts"])
    return [account for account in accounts if not set(holds(requests, [account])) - lifts]


def _said(lake: Lake, request: Request, accounts: Collection[str], today: date) -> dict[str, Any]:
    choice = CHOICES[request.kind]
    said: dict[str, Any] = {
        "format": FORMAT,
        "request": request.id,
        "kind": request.kind,
        "received": request.received.isoformat(),
        "done": today.isoformat(),
        "accounts": len(accounts),
        **request.frozen,
        "means": choice.means,
        "unchanged": choice.unchanged,
    }
    if request.kind == "opt-out":
        said["ask_again_from"] = ask_again_from(today).isoformat()
    if request.kind == "opt-in" and (still := _flagged(lake, accounts)):
        said["note"] = (
            f"The product's export still says opted out for {still} of {len(accounts)} account(s); it holds until "
            "that changes."
        )
    return said


def _logged(request: Request) -> dict[str, str]:
    return {name: request.frozen[name] for name in ("hold", "reason") if name in request.frozen}


def _flagged(lake: Lake, accounts: Iterable[str]) -> int:
    """How many of the accounts the newest export says of that they opted out, or sent a privacy signal."""
    flags = pl.any_horizontal(pl.col("opted_out", "gpc").fill_null(value=False))
    rows = lake.accounts(lake.batches()).filter(flags, pl.col("account").is_in(list(accounts)))
    return rows.select(pl.len()).collect().item()


def _identities(lake: Lake, accounts: Iterable[str]) -> int:
    rows = lake.scan("identities", ALWAYS, lake.batches()).filter(pl.col("account").is_in(list(accounts)))
    return rows.select(pl.len()).collect().item()

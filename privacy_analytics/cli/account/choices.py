"""``pa account opt-out | opt-in | limit | unlimit | hold | unhold | close``: one request for each person named."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from privacy_analytics.cli.account import asking
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import UsageError
from privacy_analytics.lake import write_private
from privacy_analytics.rights.choices import CHOICES, HOLDS, carry_out, deferred, freeze
from privacy_analytics.rights.letters import ASKED, Letter, draft
from privacy_analytics.rights.requests import Kind, Request
from privacy_analytics.signing import named

_REFERENCE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_reference = click.option("--reference", metavar="REF", help="Number of the matter, such as 2026-CV-118; no names.")


@click.command("opt-out")
@asking.common
def opt_out(**given: Any) -> None:
    """Take people out of every new marketing number; internal counts keep them (policy §10)."""
    _decide("opt-out", **given)


@click.command("opt-in")
@asking.common
def opt_in(**given: Any) -> None:
    """Take an opt-out off again; what the product's own export says still holds."""
    _decide("opt-in", **given)


@click.command()
@asking.common
def limit(**given: Any) -> None:
    """Take people's texts out of new themes and phrases (Cal. Civ. Code 1798.121)."""
    _decide("limit", **given)


@click.command()
@asking.common
def unlimit(**given: Any) -> None:
    """Take a limit off again."""
    _decide("unlimit", **given)


@click.command()
@asking.common
@_reference
@click.option("--reason", type=click.Choice(HOLDS), help="Why the data has to be kept.")
def hold(reference: str | None, reason: str | None, request_id: str | None, **given: Any) -> None:
    """Keep people's data for a legal matter: out of analytics; erasing or closing is deferred (policy §6)."""
    if request_id is None and reason is None:
        raise UsageError("Say why with --reason, and which matter with --reference.")
    facts = {} if request_id else {"reference": _matter(reference), "reason": str(reason)}
    _decide("hold", request_id=request_id, **given, facts=facts)


@click.command()
@asking.common
@_reference
def unhold(reference: str | None, request_id: str | None, **given: Any) -> None:
    """Lift the holds of a matter; an account with another one stays held."""
    _decide("unhold", request_id=request_id, **given, facts={} if request_id else {"reference": _matter(reference)})


@click.command()
@asking.common
@click.option("--confirm", is_flag=True, help="Do it: what is removed cannot be had back.")
def close(*, confirm: bool, dry_run: bool, enter_only: bool, **given: Any) -> None:
    """Remove the identity of closed accounts for good; their pseudonymous rows stay (policy §5)."""
    if confirm + dry_run + enter_only != 1:
        raise UsageError("Closing removes identities for good. Say --dry-run first, then --confirm; or --enter.")
    _decide("close", dry_run=dry_run, enter_only=enter_only, **given)


def _decide(
    kind: Kind,
    *,
    workspace: str | None,
    by: str,
    received: datetime | None,
    request_file: Path | None,
    request_id: str | None,
    enter_only: bool,
    dry_run: bool,
    facts: dict[str, str] | None = None,
) -> None:
    at, officer = asking.desk(workspace), named(by)
    if request_id and enter_only:
        raise UsageError("That request is entered. Leave --enter out to carry it on.")
    if request_id:
        entered = [at.entered(request_id, kind)]
        if dry_run:
            _told(kind, sum(request.accounts for request in entered))
            return
    else:
        people = [(accounts, at.since(asked, received)) for asked, accounts in at.people(request_file)]
        with at.lake.locked():
            wanted = [
                (accounts, since, freeze(kind, at.requests, accounts, **facts or {})) for accounts, since in people
            ]
            if dry_run:
                _told(kind, sum(len(accounts) for accounts, _ in people))
                return
            entered = [
                at.requests.create(kind, accounts, by=officer, received=since, frozen=frozen)
                for accounts, since, frozen in wanted
            ]
    for request in entered:
        if enter_only:
            at.tell_entered(request)
        else:
            _carry_out(at, request, officer)


def _carry_out(at: Desk, request: Request, officer: str) -> None:
    said = carry_out(at.requests, request, by=officer, today=at.today)
    held = said.get("deferred", [])
    if request.kind in ASKED:
        kind: Letter = "deferred" if held else "done"
        write_private(at.requests.path(request, f"letter-{kind}.md"), draft(request, kind, at.settings, at.today))
    if held:
        click.echo(f"{request.id}  deferred: hold {', '.join(held)}; letter drafted; analytics excluded from now")
        return
    named = f"{request.kind} {said['hold']}" if "hold" in said else request.kind
    click.echo(f"{request.id}  {named}: done for {said['accounts']} account(s)")
    for name in ("means", "unchanged", "note"):
        if name in said:
            click.echo(f"  {said[name]}")
    if "ask_again_from" in said:
        click.echo(f"  Do not ask them to opt in before {said['ask_again_from']}.")
    if request.kind == "unhold":
        for each in deferred(at.requests, at.requests.accounts(request)):
            again = f"pa account {each.kind} --by NAME --confirm --request {each.id}"
            click.echo(f"  Deferred until now: {each.id}. Carry it on: {again}")


def _told(kind: Kind, accounts: int) -> None:
    choice = CHOICES[kind]
    click.echo(f"{kind}: would be done for {accounts} account(s). Nothing was changed.")
    click.echo(f"  {choice.means}\n  {choice.unchanged}")


def _matter(reference: str | None) -> str:
    """A reference as it may stand in a record: no name is one. Raises UsageError."""
    if reference is None or not _REFERENCE.fullmatch(reference):
        raise UsageError("Name the matter by its number, such as --reference 2026-CV-118: no spaces, no names.")
    return reference

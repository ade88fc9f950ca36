"""``pa account correct``: what is wrong about a person, put right in place (policy §8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from privacy_analytics.cli import options
from privacy_analytics.cli.account import asking
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import UsageError
from privacy_analytics.rights.requests import Request
from privacy_analytics.signing import named

if TYPE_CHECKING:
    from privacy_analytics.rights.subjects import Asked


@click.command()
@asking.options(
    options.workspace,
    asking.by,
    asking.received,
    asking.request_file,
    click.option("--request", "request_id", metavar="R-…", help="Carry on this request: one line, with its changes."),
    asking.enter_only,
    click.option("--tier", type=click.Choice(["fast", "standard"]), default="standard", show_default=True),
    asking.dry_run,
)
def correct(
    workspace: str | None,
    by: str,
    received: datetime | None,
    request_file: Path | None,
    request_id: str | None,
    tier: Literal["fast", "standard"],
    *,
    enter_only: bool,
    dry_run: bool,
) -> None:
    """Correct what is held of each person, and make anew what was derived of it. Nobody else's row changes.

    One line a person: {"account_id": …, "changes": {"accounts": {"country": "DE"}, "rows": [{"table": "events", "id":
    …, "set": {"feature": …}}]}}. After a crash give the same lines again: the same requests are carried on.
    """
    from privacy_analytics.rights import changes, correction
    from privacy_analytics.rights.correction import Correction, Subject
    from privacy_analytics.scrub import IdentityHasher, Scrubber

    at, name = asking.desk(workspace), named(by)
    begun = at.entered(request_id, "correct") if request_id else None
    people = _carried_on(at, begun, request_file) if begun else at.people(request_file)
    if any(len(accounts) != 1 for _, accounts in people):
        raise UsageError("An e-mail or user name here has several accounts. Name the one to correct by its account_id.")
    if enter_only:
        for each, (account,) in people:
            at.tell_entered(begun or _entered(at, each, account, name, received))
        return
    scrubber = Scrubber(tier, hasher=IdentityHasher(*at.settings.secret_keys()))
    asked = [
        (each, Subject(account, each.names.get("account_id")), changes.checked(at.settings, each.changes))
        for each, (account,) in people
    ]
    with at.lake.reading():
        planned = [
            Correction(at.settings, at.lake, subject, wanted, scrubber).planned() for _, subject, wanted in asked
        ]
    if dry_run:
        for (_, _, wanted), found in zip(asked, planned, strict=True):
            click.echo("Would be corrected:")
            for table, names in wanted.columns().items():
                click.echo(f"  {table:12}  {', '.join(names)}  {found[table][0].height:,} row(s)")
        return
    for each, subject, wanted in asked:
        request = begun or _entered(at, each, subject.account, name, received)
        receipt = correction.carry_out(at.settings, at.requests, request, subject, wanted, scrubber, today=at.today)
        _tell(request, receipt)


def _entered(at: Desk, asked: Asked, account: str, by: str, received: datetime | None) -> Request:
    """The request with these changes that was begun before, else a new one."""
    from privacy_analytics.rights import changes, correction

    frozen: dict[str, Any] = {}
    if asked.changes:
        columns = changes.checked(at.settings, asked.changes).columns()
        frozen = {"columns": columns, "changes": changes.fingerprint(at.settings, asked.changes)}
        if begun := correction.open_request(at.requests, account, frozen["changes"]):
            return begun
    day = at.since(asked, received)
    with at.lake.locked():
        return at.requests.create("correct", [account], by=by, received=day, frozen=frozen)


def _carried_on(at: Desk, begun: Request, file: Path | None) -> list[tuple[Asked, tuple[str, ...]]]:
    """The one line with the changes of a request; whom it is about is known, even where its e-mail is corrected."""
    from privacy_analytics.rights.changes import fingerprint

    named = at.named(file)
    if begun.state == "done" or len(named) != 1:
        raise UsageError(f"{begun.id} is done." if begun.state == "done" else "A request is carried on by one line.")
    if begun.frozen.get("changes") not in (None, fingerprint(at.settings, named[0].changes)):
        raise UsageError(f"These are not the changes that {begun.id} was entered with. Give the same line again.")
    if not (accounts := at.requests.accounts(begun)):
        raise UsageError(f"Nobody can tell any more whom {begun.id} was about: they were erased.")
    return [(named[0], accounts)]


def _tell(request: Request, receipt: dict[str, Any] | None) -> None:
    if receipt is None:
        click.echo(f"{request.id}  deferred: a legal hold forbids changes. Give them again when it is lifted.")
        return
    click.echo(f"{request.id}  corrected")
    for table, names in receipt["columns"].items():
        click.echo(f"  {table:12}  {', '.join(names)}")
    click.echo(f"rows    {', '.join(f'{n:,} {table}' for table, n in receipt['rows'].items()) or 'none: all was so'}")
    click.echo(f"stays   {receipt['unchanged']}")

"""``pa account correct``: what is wrong about a person, put right in place (policy §8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from privacy_analytics.cli import options
from privacy_analytics.cli.account import asking
from privacy_analytics.errors import UsageError


@click.command()
@asking.options(
    options.workspace,
    asking.by,
    asking.received,
    asking.request_file,
    click.option("--tier", type=click.Choice(["fast", "standard"]), default="standard", show_default=True),
    asking.dry_run,
)
def correct(
    workspace: str | None,
    by: str,
    received: datetime | None,
    request_file: Path | None,
    tier: Literal["fast", "standard"],
    dry_run: bool,
) -> None:
    """Correct what is held of each person, and make anew what was derived of it. Nobody else's row changes.

    One line a person: {"account_id": …, "changes": {"accounts": {"country": "DE"}, "rows": [{"table": "events", "id":
    …, "set": {"feature": …}}]}}. After a crash give the same lines again: the same requests are carried on.
    """
    from privacy_analytics.rights import changes, correction
    from privacy_analytics.rights.correction import Correction, Subject
    from privacy_analytics.scrub import IdentityHasher, Scrubber

    at, name = asking.desk(workspace), asking.officer(by)
    people = at.people(request_file)
    if any(len(accounts) != 1 for _, accounts in people):
        raise UsageError("An e-mail or user name here has several accounts. Name the one to correct by its account_id.")
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
        known = changes.fingerprint(at.settings, each.changes)
        request = correction.open_request(at.requests, subject.account, known)
        if request is None:
            frozen = {"columns": wanted.columns(), "changes": known}
            day = at.since(each, received)
            with at.lake.locked():
                request = at.requests.create("correct", [subject.account], by=name, received=day, frozen=frozen)
        receipt = correction.carry_out(at.settings, at.requests, request, subject, wanted, scrubber, today=at.today)
        if receipt is None:
            click.echo(f"{request.id}  deferred: a legal hold forbids changes. Give them again when it is lifted.")
            continue
        click.echo(f"{request.id}  corrected")
        for table, names in receipt["columns"].items():
            click.echo(f"  {table:12}  {', '.join(names)}")
        click.echo(
            f"rows    {', '.join(f'{n:,} {table}' for table, n in receipt['rows'].items()) or 'none: all was so'}"
        )
        click.echo(f"stays   {receipt['unchanged']}")

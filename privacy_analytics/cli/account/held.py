"""``pa account held``: who is held back because of age (policy §2), in numbers; erased all together, or let go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.cli.account import asking
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.signing import named

REASONS = ("not-attested", "self-disclosed")


@click.command()
@asking.options(options.workspace, asking.request_file)
@click.option("--erase", is_flag=True, help="Erase all of them; add --confirm.")
@click.option("--release", is_flag=True, help="Take the mark off accounts whose words meant something else.")
@click.option("--reason", type=click.Choice(REASONS), help="Erase those held for one reason alone.")
@click.option("--by", metavar="NAME", help="Your name; it is written into the record.")
@click.option("--confirm", is_flag=True, help="Do it: what is erased cannot be had back.")
def held(
    workspace: str | None,
    request_file: Path | None,
    reason: str | None,
    by: str | None,
    *,
    erase: bool,
    release: bool,
    confirm: bool,
) -> None:
    """Count the accounts that are held back because of age: none of their rows is in any answer.

    Who is not attested lands again once an export attests it. Who says to be under 18 stays held until you let it go,
    one by one, by name on standard input; no text is shown. What is erased no later export brings back.
    """
    at = asking.desk(workspace)
    if not (erase or release):
        for name, accounts in _held(at.lake).items():
            click.echo(f"{name:<16} {len(accounts):>8,} account(s)")
        click.echo("To erase them: pa account held --erase --by NAME --confirm   (--reason for some of them)")
        click.echo("To let one go: pa account held --release --by NAME, with who it is on standard input")
        return
    if erase == release or by is None:
        raise UsageError("Say who you are with --by, and either --erase or --release.")
    officer = named(by)
    if release:
        _release(at, request_file, officer)
        return
    wanted = {account for name, some in _held(at.lake).items() if reason in (None, name) for account in some}
    if not confirm:
        click.echo(f"{len(wanted):,} account(s) would be erased. Nothing was changed. To do it: --confirm")
        return
    _erase(at, wanted, officer)


def _held(lake: Lake) -> dict[str, set[str]]:
    found = (lake.held(lake.batches()), lake.marked("minor"))
    return {name: set(rows.collect()["account"]) for name, rows in zip(REASONS, found, strict=True)}


def _release(at: Desk, file: Path | None, officer: str) -> None:
    people = at.people(file)
    with at.lake.locked():
        marked = set(at.lake.marked("minor").collect()["account"])
        if not all(marked & set(accounts) for _, accounts in people):
            raise NotFound("Somebody named is not held for own words. Nothing was changed. See: pa account held")
        let_go = marked & {account for _, accounts in people for account in accounts}
        AuditLog(at.settings).add("unhold", reason="self-disclosed", by=officer, accounts=len(let_go))
        at.lake.mark(let_go, "minor", is_set=False, at=datetime.now(UTC))
    click.echo(f"{len(let_go):,} account(s) let go. New words of that kind hold them again.")


def _erase(at: Desk, accounts: set[str], officer: str) -> None:
    from privacy_analytics.cli.account.erase import remake
    from privacy_analytics.rights.erase import Erasure, Person, enter

    people = [Person((account,), at.today) for account in sorted(accounts)]
    entered = enter(at.requests, people, by=officer, exports=False)
    ended = Erasure(at.settings, at.requests, by=officer, today=at.today).carry_out(entered)
    remake(at)
    done = sum(each.state == "done" for each in ended)
    click.echo(f"{done:,} account(s) erased, {len(ended) - done:,} not yet. See: pa account requests")

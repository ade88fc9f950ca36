"""``pa account erase``: everything of some accounts, out of every store (policy §8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy_analytics.cli.account import asking
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import NotFound, PrivacyAnalyticsError, UsageError
from privacy_analytics.rights.receipts import RECEIPT, digest
from privacy_analytics.rights.requests import Request
from privacy_analytics.signing import named

if TYPE_CHECKING:
    from privacy_analytics.rights.erase import Exports
    from privacy_analytics.rights.subjects import Asked


@click.command()
@asking.common
@click.option("--confirm", is_flag=True, help="Do it: what is erased cannot be had back.")
@click.option(
    "--exports",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of product exports that loses their rows, too.",
)
@click.option("--map", "map_file", type=click.Path(exists=True, path_type=Path), help="Column map of those exports.")
def erase(
    workspace: str | None,
    by: str,
    received: datetime | None,
    request_file: Path | None,
    request_id: str | None,
    *,
    enter_only: bool,
    dry_run: bool,
    confirm: bool,
    folder: Path | None,
    map_file: Path | None,
) -> None:
    """Erase people: every row, label, bundle, run and log line of theirs. Releases, being aggregate, stay.

    People are named on standard input, one a line; each is a request with a receipt. Look first: --dry-run.
    """
    if dry_run + confirm + enter_only != 1:
        raise UsageError("Look first: --dry-run; then --confirm. To start its clocks alone: --enter.")
    if request_id and enter_only:
        raise UsageError("That request is entered. Leave --enter out to carry it on.")
    at, officer = asking.desk(workspace), named(by)
    from privacy_analytics.rights.erase import Erasure, Person, enter
    from privacy_analytics.rights.preview import preview

    exports = _exports(at, folder, map_file)
    begun = at.entered(request_id, "erase") if request_id else None
    people = [] if begun else _people(at, request_file)
    names = [text for asked, _ in people for text in asked.texts]
    if dry_run:
        whom = {each for _, accounts in people for each in accounts} | set(at.requests.accounts(begun) if begun else ())
        for store, what in preview(at.settings, at.requests, sorted(whom), names=names, exports=exports):
            click.echo(f"{store:<20} {what}")
        click.echo(f"{len(whom)} account(s). Nothing was changed. To do it: --confirm")
        return
    if begun and begun.state == "done":
        click.echo(f"{begun.id} is done ({begun.answered}); nothing was changed.")
        remake(at)
        return
    wanted = [Person(accounts, at.since(asked, received)) for asked, accounts in people]
    entered = [begun] if begun else enter(at.requests, wanted, by=officer, exports=exports is not None)
    if enter_only:
        for each in entered:
            at.tell_entered(each)
        return
    for each in entered:
        click.echo(f"{each.id}  {'carried on' if begun else 'entered'} for {each.accounts} account(s)")
    erasure = Erasure(at.settings, at.requests, by=officer, today=at.today, names=names, exports=exports)
    ended = erasure.carry_out(entered)
    remake(at)
    _tell(at, ended)


def remake(at: Desk) -> None:
    """Make withdrawn reports again, also those of an erasure that was cut short behind its last step."""
    from privacy_analytics.rights.withdrawal import Withdrawals

    for line in Withdrawals(at.settings).replace():
        click.echo(line)


def _tell(at: Desk, ended: list[Request]) -> None:
    for each in ended:
        if each.state == "done":
            file = at.requests.path(each, RECEIPT)
            click.echo(f"{each.id}  erased {each.accounts} account(s); receipt {file} (SHA-256 {digest(file)})")
        else:
            click.echo(f"{each.id}  {each.steps[-1].what}")
    if partial := [each.id for each in ended if each.state == "partial"]:
        raise PrivacyAnalyticsError(
            f"{len(partial)} request(s) are partial: what can be done is done, and the clock runs on. Mend what is "
            f"named above, then: pa account erase --by NAME --confirm --request {partial[0]}"
        )


def _people(at: Desk, file: Path | None) -> list[tuple[Asked, tuple[str, ...]]]:
    """Everybody named. Who is half gone may be found no more by e-mail, so requests that were cut short are told."""
    try:
        return at.people(file)
    except NotFound as error:
        cut = [each.id for each in at.requests.all() if each.kind == "erase" and each.state in ("working", "partial")]
        if not cut:
            raise
        raise NotFound(
            f"{error} Erasures that were cut short are carried on with --request: {', '.join(cut)}"
        ) from None


def _exports(at: Desk, folder: Path | None, map_file: Path | None) -> Exports | None:
    from privacy_analytics.ingest import maps
    from privacy_analytics.rights.erase import Exports

    if folder is None:
        if map_file:
            raise UsageError("--map describes exports. Name their folder with --exports.")
        return None
    return Exports(folder, maps.load(map_file, at.settings) if map_file else maps.ColumnMap())

"""``pa backup``: a copy of the workspace, made while others work in it."""

from __future__ import annotations

from pathlib import Path

import click

from privacy_analytics.backup import backup as copy
from privacy_analytics.cli import options
from privacy_analytics.workspace import load


@click.command()
@click.argument("to", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@options.workspace
def backup(to: Path, workspace: str | None) -> None:
    """Copy the workspace into a new folder of DEST, consistent while others work. Its key is not in it.

    Beside the copies lie the newest list of who was erased and an anchor of each. Encrypt DEST, and keep private/key
    somewhere else.
    """
    settings = load(workspace)
    made = copy(settings, to)
    click.echo(f"backup         {made.folder}  {made.files:,} files, {made.bytes / 1e6:,.1f} MB")
    if not made.ledger:
        click.echo(
            "note           the ledger is on a server: now pg_dump it, so that it is not older than the releases"
        )
    if settings.operating.releases_url:
        click.echo("note           releases are on a server: pg_dump them before the ledger")
    click.echo("keep apart     private/key, and private/smtp_password where there is one: they are not in it")

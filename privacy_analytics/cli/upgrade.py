"""``pa upgrade``: a workspace of an earlier version, brought up with its data kept."""

from __future__ import annotations

import click

from privacy_analytics.cli import options
from privacy_analytics.dp.layout import LAYOUT
from privacy_analytics.settings import Settings
from privacy_analytics.upgrade import Upgrade, backup, planned
from privacy_analytics.upgrade import upgrade as bring_up
from privacy_analytics.workspace import load


@click.command()
@options.workspace
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def upgrade(workspace: str | None, dry_run: bool) -> None:
    """Bring a workspace of an earlier version up to this one. Rows, charges and releases stay as they are.

    Questions and intakes wait meanwhile. Interrupted, the same command completes it.
    """
    settings = load(workspace)
    due = planned(settings) if dry_run else bring_up(settings)
    _tell(settings, due, would="would be " if dry_run else "")
    click.echo("ok             nothing was changed" if dry_run else "ok             the workspace is of this version")


def _tell(settings: Settings, due: Upgrade, *, would: str) -> None:
    if due.ledger:
        kept = backup(settings, due.layout)
        click.echo(f"ledger         {would}brought from layout {due.layout} to {LAYOUT}; no row changes")
        click.echo(f"kept           {kept}" if kept else "note           on a server: back it up with pg_dump first")
    if due.files:
        click.echo(f"lake           {due.files} file(s), {due.bytes / 1e6:,.1f} MB, {would}written anew in spans")
    if due.batches:
        click.echo(f"requests       {due.batches} small batch(es) {would}put into others")

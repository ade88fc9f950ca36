"""``pa policy apply``: what is kept longer than [retention] allows is removed (policy §5)."""

from __future__ import annotations

from datetime import datetime

import click

from privacy_analytics.cli import options


@click.command()
@options.workspace
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def apply(workspace: str | None, *, dry_run: bool) -> None:
    """Remove rows older than their table's days, with all that was made of them, from every file and old version.

    Releases stay. Run it each night: what it removes is counted here and in the audit log.
    """
    from privacy_analytics import retention
    from privacy_analytics.lake import Lake
    from privacy_analytics.workspace import load

    settings = load(workspace)
    if not settings.retention:
        click.echo(
            "No limit is set, so everything is kept (policy §5). Set days under [retention] in workspace.toml, such as "
            "chats = 365."
        )
        return
    lake, today = Lake(settings.path("lake")), datetime.now(settings.zone).date()
    due = (retention.overdue if dry_run else retention.apply)(settings, lake, today)
    for each in due:
        click.echo(f"{each.table:<12} {each.rows:>12,} row(s) older than {each.days:,} days")
    click.echo("Nothing was changed. To remove them: pa policy apply" if dry_run else "Removed.")

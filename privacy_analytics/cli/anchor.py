"""``pa anchor``: a line to keep somewhere else, and the check of now against older ones."""

from __future__ import annotations

from typing import TextIO

import click

from privacy_analytics import anchor as anchors
from privacy_analytics.cli import options
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.workspace import load


@click.command()
@options.workspace
@click.option(
    "--check",
    "older",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Hold ledger and audit log against the anchors in FILE, kept elsewhere; - is standard input.",
)
def anchor(workspace: str | None, older: TextIO | None) -> None:
    """Print one line that says where ledger and audit log stand. Keep it outside: on another host, in a mail, on paper.

    A ledger that was rolled back, or goes on in two places, is only seen beside such a line.
    """
    settings = load(workspace)
    if older is None:
        line = str(anchors.take(settings))
        anchors.remember(settings, line)
        click.echo(line)
        return
    found = anchors.Anchor.all_in(older.read())
    anchors.check(settings, Ledger(settings.ledger_at), found)
    first, last = (pick(each.at for each in found) for pick in (min, max))
    click.echo(
        f"ok  {len(found)} anchor(s) of {first:%Y-%m-%d} to {last:%Y-%m-%d}: ledger and audit log go on from each"
    )

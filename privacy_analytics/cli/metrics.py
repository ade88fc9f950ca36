"""``pa metrics``: facts of operation for a monitor."""

from __future__ import annotations

from pathlib import Path

import click

from privacy_analytics.cli import options
from privacy_analytics.metrics import collect, write
from privacy_analytics.workspace import find


@click.command()
@options.workspace
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.prom",
    help="Write it there at once, for node_exporter's textfile collector, instead of printing it.",
)
def metrics(workspace: str | None, out: Path | None) -> None:
    """Print budgets, ages, states, sizes and deadlines for Prometheus. No person is in it, and no count of people.

    It counts requests and says what share of rows was refused, so it is for operators: a new file is 0600, one that is
    there keeps its mode and group.
    """
    text = collect(find(workspace))
    if out:
        write(text, out)
    else:
        click.echo(text, nl=False)

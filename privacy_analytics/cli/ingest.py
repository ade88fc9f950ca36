"""``pa ingest`` and ``pa snapshot``: exports into the lake, and a month of the lake under a token."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from privacy_analytics.cli import options
from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.card import quoted

if TYPE_CHECKING:
    from privacy_analytics.ingest.intake import IntakeReport, Progress

log = logging.getLogger(__name__)


@click.command()
@options.workspace
@click.argument("export", type=click.Path(path_type=Path))
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Column map for an export with other names.")
@click.option(
    "--draft-map",
    "draft_file",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Write a first column map from the export's names and types (to standard output, or FILE), and stop.",
)
@click.option("--tier", type=click.Choice(["fast", "standard"]), default="standard", show_default=True)
@click.option(
    "--through",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The export holds all rows of its tables up to and including this day.",
)
def ingest(
    export: Path,
    workspace: str | None,
    map_file: Path | None,
    draft_file: str | None,
    tier: Literal["fast", "standard"],
    through: datetime | None,
) -> None:
    """Take an export (a folder, or one file) into the lake: all of it or none.

    Files are told by name: accounts, chats, events, performance, crashes, support; .jsonl, .csv or .parquet, plain
    or .gz/.zst. Rows that break their contract are counted and left out; taking the same export again adds nothing.
    """
    from privacy_analytics.ingest import draft, maps
    from privacy_analytics.workspace import load

    if draft_file:
        text = draft.draft_map(export)
        click.echo(text, nl=False) if draft_file == "-" else Path(draft_file).write_text(text, encoding="utf-8")
        return
    settings = load(workspace)
    column_map = maps.load(map_file, settings) if map_file else None
    whole = through.date() if through else None
    if whole and whole >= datetime.now(settings.zone).date():
        raise UsageError(f"--through names a day that is over in {settings.timezone}: no export has all of another.")

    from privacy_analytics.ingest.intake import ingest as take
    from privacy_analytics.scrub import IdentityHasher, Scrubber

    scrubber = Scrubber(tier, hasher=IdentityHasher(*settings.secret_keys()))
    report = take(settings, export, column_map=column_map, scrubber=scrubber, progress=watched(), through=whole)
    click.echo(summary(report))


@click.command()
@options.workspace
@click.argument("month")
@click.option("how", "--provisional", flag_value="provisional", help="Also a month that is not over yet.")
@click.option("how", "--wait", flag_value="wait", help="As a scheduled job: try later (75) while files are missing.")
@click.option("how", "--revise", flag_value="revise", help="A revision, with the rows that came in since.")
def snapshot(month: str, workspace: str | None, how: str | None) -> None:
    """Freeze what the lake holds of MONTH (YYYY-MM) under a token; asked again, the same one."""
    from privacy_analytics import snapshots
    from privacy_analytics.figures import PROVISIONAL
    from privacy_analytics.workspace import load

    settings = load(workspace)
    frozen = (
        snapshots.revise(settings, month)
        if how == "revise"
        else snapshots.snapshot(settings, month, provisional=how == "provisional", waits=how == "wait")
    )
    said = f"\n{PROVISIONAL}" if frozen.provisional else ""
    click.echo(f"{frozen.token}  {len(frozen.batches)} batch(es){said}")


def summary(report: IntakeReport) -> str:
    """What an intake did, as an aligned table and one line for each rule that rows broke."""
    erased = any(counts.erased for counts in report.tables.values())
    lines = [["", "read", "added", "known", "no account", "by map", "quarantined", *(["erased"] if erased else [])]]
    for table, counts in report.tables.items():
        held = sum(counts.quarantined.values())
        numbers = (counts.read, counts.added, counts.known, counts.without_account, counts.dropped, held)
        more = (counts.erased,) if erased else ()
        lines.append([table, *(f"{number:,}" if number else "-" for number in (*numbers, *more))])
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    text = [
        name.ljust(first) + "".join(cell.rjust(width + 2) for cell, width in zip(cells, others, strict=True))
        for name, *cells in lines
    ]
    for table, counts in report.tables.items():
        text += [f"quarantined  {table}: {rule}  {number:,}" for rule, number in counts.quarantined.most_common()]
    text += [f"{column} dropped: not on the allow-list (policy §3)" for column in report.left_out]
    if report.minors:
        text.append(
            f"held back    {report.minors:,} account(s) say that they are under 18 (policy §2); "
            "their text is not shown. See: pa account held"
        )
    if report.cards:
        text.append(
            f"card numbers {report.cards:,} masked in {report.rows_with_cards:,} row(s) "
            "(policy §3: payment data is not collected)"
        )
    if report.alone:
        text.append(f"left alone   {', '.join(report.alone)} (no export table)")
    return "\n".join([*text, f"scrubbing    {quoted(report.scrubbing)}"])


def watched() -> Progress:
    """A progress bar on a terminal, one log line a file otherwise."""
    return _bar if sys.stderr.isatty() else _line


@contextmanager
def _bar(name: str) -> Generator[Callable[[int], object]]:
    from tqdm import tqdm

    with tqdm(desc=name, unit=" rows", unit_scale=True) as bar:
        yield bar.update


@contextmanager
def _line(name: str) -> Generator[Callable[[int], object]]:
    rows: list[int] = []
    yield rows.append
    log.info("%s: %s rows read", name, f"{sum(rows):,}")

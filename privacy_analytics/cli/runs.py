"""``pa runs``: what was run, what came of it, and away with what is old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from privacy_analytics.cli import options
from privacy_analytics.errors import UsageError
from privacy_analytics.report.advice import STATES, meaning, what_to_do
from privacy_analytics.report.attempts import Attempt
from privacy_analytics.workspace import load

if TYPE_CHECKING:
    from privacy_analytics.marketing.history import Seen


@click.group()
def runs() -> None:
    """Runs and attempts: list them, show one, remove old ones."""


@runs.command("list")
@options.workspace
@click.option("--month", default="", help="Of this month.")
@click.option("--report", default="", help="Of this report, with all its parameter sets; or REPORT-SET.")
@click.option("--state", default="", type=click.Choice(["", *STATES]), help="In this state.")
def listed(workspace: str | None, month: str, report: str, state: str) -> None:
    """Every run, and every attempt that came to nothing, the newest first."""
    from privacy_analytics.marketing.history import history

    settings = load(workspace)
    rows = [
        (each.name, each.state, _when(each.began, settings.zone), _took(each.attempt), _note(each))
        for each in history(settings, month=month, report=report, state=state)
    ]
    heads = ("run", "state", f"began ({settings.timezone})", "took", "")
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@runs.command()
@click.argument("run", metavar="RUN")
@options.workspace
def show(run: str, workspace: str | None) -> None:
    """What became of RUN, as `pa runs list` names it; MONTH/REPORT is the newest there."""
    from privacy_analytics.marketing.history import find

    settings = load(workspace)
    seen = find(settings, run)
    for label, text in _told(seen, settings.zone):
        if text:
            click.echo(f"{label:<14} {text}".rstrip())


@runs.command()
@options.workspace
@click.option("--keep", type=click.IntRange(min=1), help="How many of each report, month and parameter set stay.")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Only what ended so long ago.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def prune(workspace: str | None, keep: int | None, older_than: int | None, dry_run: bool) -> None:
    """Remove old runs, and what failed ones left. The newest, the published and the quoted stay."""
    if keep is None and older_than is None:
        raise UsageError("Say what is old: --keep N, --older-than DAYS, or both.")
    from privacy_analytics.marketing.pruning import Rule
    from privacy_analytics.marketing.pruning import prune as remove

    pruned = remove(load(workspace), Rule(keep, older_than), dry_run=dry_run)
    for name in pruned.runs:
        click.echo(name)
    for place in pruned.busy:
        click.echo(f"{place}  left alone: a run is at work there")
    would = "would be removed" if dry_run else "removed"
    click.echo(f"{len(pruned.runs)} run(s) and {len(pruned.attempts)} record(s) of attempts {would}")


def _told(seen: Seen, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Label and text; what is not known is not said."""
    attempt, made = seen.attempt, seen.made
    yield "run", seen.name
    yield "state", f"{seen.state}: {STATES[seen.state]}"
    if attempt:
        yield "began", f"{_when(attempt.began, zone)}{'  (scheduled)' if attempt.scheduled else ''}"
        yield "ended", _when(attempt.ended, zone)
        yield "took", _took(attempt)
        yield "tries", str(attempt.tries) if attempt.tries > 1 else ""
    yield "snapshot", f"{made.get('snapshot') or (attempt.snapshot if attempt else '')}{_provisional(attempt)}"
    yield "parameters", ", ".join(f"{name}={value}" for name, value in made.get("parameters", {}).items())
    if made:
        yield "policy", made["policy"]
        yield "made by", f"privacy-analytics {made.get('version', '0.1')}, notebook {made['notebook'][:12]}"
        yield "releases", str(len(made["releases"]))
    if attempt and seen.state != "running":
        yield "spent", f"rho {attempt.nano_rho / 1e9:.5f}" if attempt.nano_rho else "0"
    if seen.folder:
        from privacy_analytics.report.manifest import changed

        wrong = changed(seen.folder, made)
        yield "files", f"not as they were made: {', '.join(wrong)}" if wrong else f"as they were made  {seen.folder}"
        yield "what to do", f"Make it again, it spends nothing: pa run {seen.name.split('/')[1]}" if wrong else ""
    elif attempt:
        yield "at", _where(attempt)
        yield "error", attempt.error
        yield "exit code", f"{attempt.exit_code}, {meaning(attempt.exit_code)}" if attempt.exit_code else ""
        for rule in attempt.rules:
            yield "rule", rule
        yield "what to do", what_to_do(attempt)


def _note(seen: Seen) -> str:
    attempt = seen.attempt
    if attempt is None or seen.folder:
        return "provisional" if attempt and attempt.provisional else ""
    code = f"exit {attempt.exit_code}" if attempt.exit_code else ""
    tries = f"{attempt.tries} tries" if attempt.tries > 1 else ""
    return "  ".join(filter(None, [code, tries, _where(attempt), attempt.error]))


def _where(attempt: Attempt) -> str:
    return f"cell {attempt.cell}{f' ({attempt.heading})' if attempt.heading else ''}" if attempt.cell else ""


def _provisional(attempt: Attempt | None) -> str:
    return "  (provisional)" if attempt and attempt.provisional else ""


def _when(at: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M}" if at else ""


def _took(attempt: Attempt | None) -> str:
    if attempt is None or not attempt.ended:
        return ""
    seconds = (datetime.fromisoformat(attempt.ended) - datetime.fromisoformat(attempt.began)).total_seconds()
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 3600:.1f} h"

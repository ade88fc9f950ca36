"""``pa audit``: what was done with people's data, whether the record holds, and whether a report still does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from privacy_analytics import sharing
from privacy_analytics.audit import ACTIONS, AuditLog, Entry
from privacy_analytics.cli import options
from privacy_analytics.errors import GateError, NotFound, PrivacyAnalyticsError
from privacy_analytics.settings import Settings
from privacy_analytics.workspace import load


@click.group()
def audit() -> None:
    """Read and verify the audit log, and check a report again."""


@audit.command(name="list")
@options.workspace
@click.option("--action", type=click.Choice(ACTIONS), help="Only this.")
@click.option("--request", metavar="R-ID", help="Only about this request.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day on, in the workspace's time zone.")
def list_(workspace: str | None, action: str | None, request: str | None, since: datetime | None) -> None:
    """Print the audit log: when, what, and its facts. It names no person but who did it."""
    settings = load(workspace)
    found = [
        entry
        for entry in AuditLog(settings).entries()
        if action in (None, entry.action)
        and request in (None, entry.facts.get("request"))
        and (since is None or entry.at >= since.replace(tzinfo=settings.zone))
    ]
    if not found:
        raise NotFound("The audit log has no such entry.")
    for entry in found:
        click.echo(f"{entry.seq:>6}  {_when(entry.at, settings)}  {entry.action:<11} {_facts(entry)}")


@audit.command()
@options.workspace
def exports(workspace: str | None) -> None:
    """Print the ledger of exports: when, what, for which purpose, under which clause, to whom, where."""
    settings = load(workspace)
    found = sharing.exports(settings)
    if not found:
        raise NotFound("Nothing was handed out yet.")
    for each in found:
        to = f"{each.recipient} ({each.region})"
        click.echo(f"{_when(each.at, settings)}  {each.purpose:<11} §{each.clause}  {to:<28} {', '.join(each.what)}")


@audit.command()
@options.workspace
def verify(workspace: str | None) -> None:
    """Walk the chains of the audit log and of the ledger from their first entries to their last."""
    from privacy_analytics.curator import Curator

    settings = load(workspace)
    entries, head = AuditLog(settings).verify()
    ledger = Curator(settings).ledger
    click.echo(f"audit log      {entries} entries, unbroken; head {head}")
    click.echo(f"ledger         {ledger.verify()} entries, unbroken; head {ledger.head()}")
    click.echo("Keep them outside, as pa anchor prints them: a log that was cut at its end shows only beside them.")


@audit.command()
@click.argument("run", metavar="RUN")
@options.workspace
@click.pass_context
def report(context: click.Context, run: str, workspace: str | None) -> None:
    """Check RUN again: its files, its releases, its policy, and the gate. RUN is MONTH/REPORT or MONTH/REPORT/NNN."""
    from privacy_analytics.cli.report import gate
    from privacy_analytics.report.places import finished

    settings = load(workspace)
    broken = False
    for problem, rule in _looked_at(settings, finished(settings, run)):
        click.echo(f"  {'refused' if problem else 'ok':<8} {rule}{f': {problem}' if problem else ''}")
        broken |= bool(problem)
    context.invoke(gate, what=run, workspace=workspace, canaries=None)
    if broken:
        raise GateError(["The report is not as it was made; see above. Make it again: pa run spends nothing"])


def _looked_at(settings: Settings, folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with a run, or nothing, by what was looked at."""
    from privacy_analytics.curator import Curator
    from privacy_analytics.report.manifest import changed

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    yield ", ".join(changed(folder, manifest)), "its files have the hashes that its manifest says"
    try:
        unknown = Curator(settings).ledger.unknown(manifest["releases"])
        yield (
            f"{len(unknown)} of {len(manifest['releases'])} are not" if unknown else "",
            "its releases are in the ledger",
        )
    except PrivacyAnalyticsError as error:
        yield str(error), "its releases are in the ledger"
    known = manifest["policy"] in {version.version for version in settings.policy}
    yield "" if known else "no such version in workspace.toml", f"policy {manifest['policy']} is one of this workspace"


def _when(at: datetime, settings: Settings) -> str:
    return f"{at.astimezone(settings.zone):%Y-%m-%d %H:%M}"


def _facts(entry: Entry) -> str:
    """Facts as words; a commitment is for checking, not for reading."""
    shown = {name: fact for name, fact in entry.facts.items() if name != "commitment"}
    return "  ".join(f"{name} {', '.join(map(str, f)) if isinstance(f, list) else f}" for name, f in shown.items())

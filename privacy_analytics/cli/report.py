"""``pa run``, ``pa gate``, ``pa publish``: from a notebook to the site."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy_analytics.cli import options
from privacy_analytics.errors import GateError, NotFound, UsageError
from privacy_analytics.workspace import load

if TYPE_CHECKING:
    from privacy_analytics.gate import Vouched
    from privacy_analytics.report.run import Progress

_CLEAR = "\r\x1b[K"


@click.command()
@click.argument("report", metavar="REPORT")
@options.workspace
@options.canaries
@click.option("--month", default="", help="Month such as 2026-10; else the last complete one.")
@click.option("-p", "--parameter", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter of the notebook.")
@click.option("--timeout", type=click.IntRange(min=1), help="Seconds that a cell may take; else half an hour.")
def run(
    report: str,
    workspace: str | None,
    canaries: Path | None,
    month: str,
    parameter: tuple[tuple[str, str], ...],
    timeout: int | None,
) -> None:
    """Run a report notebook for a month and keep its page. Running it again spends nothing."""
    settings = load(workspace)
    from privacy_analytics.audit import AuditLog
    from privacy_analytics.curator import Curator
    from privacy_analytics.report.run import run as run_report
    from privacy_analytics.snapshots import last_complete_month, snapshot

    frozen = snapshot(settings, month or last_complete_month(settings))
    ledger = Curator(settings).ledger
    before = ledger.lifetime().nano_rho
    with watched_cells() as tell:
        made = run_report(
            settings,
            report,
            month=frozen.month,
            snapshot=frozen.token,
            parameters=dict(parameter),
            canaries=options.texts(canaries),
            timeout=timeout,
            progress=tell,
        )
    spent = ledger.lifetime().nano_rho - before
    AuditLog(settings).add("run", report=report, month=frozen.month, run=made.html.parent.name, nano_rho=spent)
    click.echo(f"{report:<14} {frozen.month}  spent {_rho(spent)}{'  (same page as before)' if made.again else ''}")
    click.echo(f"report         {made.html}")


@click.command()
@click.argument("run", metavar="RUN")
@options.workspace
@options.canaries
@click.option("--approve", "approved_by", required=True, metavar="NAME", help="Who approves that it is published.")
def publish(run: str, workspace: str | None, canaries: Path | None, approved_by: str) -> None:
    """Check RUN once more and put it on the site. RUN is MONTH/REPORT, or MONTH/REPORT/NNN for an older one."""
    settings = load(workspace)
    from privacy_analytics.marketing.publish import publish as put
    from privacy_analytics.report.run import finished

    page = put(settings, finished(settings, run), approved_by=approved_by, canaries=options.texts(canaries))
    click.echo(f"published      {page}\nsite           {settings.path('published', 'index.html')}")


@click.command()
@click.argument("what", metavar="RUN|FILE")
@options.workspace
@options.canaries
def gate(what: str, workspace: str | None, canaries: Path | None) -> None:
    """Check the files of RUN, or one FILE, as publishing would, and say how each rule fared.

    A page or notebook is checked with the manifest.json beside it, a PNG with its SVG beside it; a CSV, JSON or SVG
    says itself what it was made from.
    """
    settings = load(workspace)
    from privacy_analytics import gate as checks
    from privacy_analytics.report.run import NOTEBOOK, PAGE, finished
    from privacy_analytics.stored import release_store

    store = release_store(settings)
    one = Path(what).is_file()
    folder = Path(what).parent if one else finished(settings, what)
    refused: list[str] = []
    for name in [Path(what).name] if one else [PAGE, NOTEBOOK]:
        kind, data = checks.kind_of(name), (folder / name).read_bytes()
        found = checks.examine(name, data, store, _vouched(folder / name, options.texts(canaries)))
        click.echo(f"{folder / name}  ({kind.words if kind else 'no kind of file that leaves'})")
        for rule in ("name", *(kind.rules if kind else ())):
            broken = [finding for finding in found if finding.rule == rule]
            click.echo(f"  {'refused' if broken else 'ok':<8} {checks.RULES[rule]}")
            for finding in broken:
                click.echo(f"           {finding}")
        refused += [f"{name}, {finding}" for finding in found]
    if refused:
        raise GateError(refused)


@contextmanager
def watched_cells() -> Generator[Progress | None]:
    """One line that tells the cell and its heading, where somebody watches; else None, and headings are logged."""
    if not sys.stderr.isatty():
        yield None
        return

    def tell(number: int, total: int, heading: str) -> None:
        line = f"[{number:>{len(str(total))}}/{total}] {heading[:70]}"
        click.echo(f"{_CLEAR}{line}", err=True, nl=False)

    try:
        yield tell
    finally:
        click.echo(_CLEAR, err=True, nl=False)


def _vouched(file: Path, canaries: list[str]) -> Vouched:
    """What may stand in a file, told by what lies beside it; nothing, where nothing does."""
    from privacy_analytics.gate import Vouched
    from privacy_analytics.gate.pictures import drawn_from
    from privacy_analytics.report.manifest import vouched

    if file.name == "index.html":
        raise UsageError("A page of the site is checked with all others when the site is made: pa stats site")
    try:
        if file.suffix in (".html", ".ipynb"):
            return vouched(json.loads(file.with_name("manifest.json").read_text(encoding="utf-8")), canaries)
        shown = drawn_from(file.with_suffix(".svg").read_bytes()) if file.suffix == ".png" else None
    except (FileNotFoundError, NotADirectoryError):
        beside = "manifest.json" if file.suffix != ".png" else file.with_suffix(".svg").name
        raise NotFound(f"{beside} is not beside this file; it says what the file was made from.") from None
    return Vouched(canaries=tuple(canaries), drawn_from=shown)


def _rho(nano: int) -> str:
    return f"rho {nano / 1e9:.5f}" if nano else "0"

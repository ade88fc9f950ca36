"""``pa run``, ``pa gate``, ``pa publish``: from a notebook to the site."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy_analytics.cli import options
from privacy_analytics.cli.telling import told
from privacy_analytics.errors import GateError, NotFound, TryLater, UsageError
from privacy_analytics.marketing.terms import REASONS
from privacy_analytics.workspace import load

if TYPE_CHECKING:
    from privacy_analytics.gate import Vouched
    from privacy_analytics.jobs import Done
    from privacy_analytics.report.execution import Progress

_CLEAR = "\r\x1b[K"


@click.command()
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True)
@options.workspace
@options.canaries
@click.option(
    "--month", "months", multiple=True, help="Month such as 2026-10, several times; else the last complete one."
)
@click.option("-p", "--parameter", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter of the notebook.")
@click.option("--as", "name", default="", metavar="NAME", help="What the parameters of -p are called together.")
@click.option(
    "--sets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file of parameter sets, a table each; every report runs with every one.",
)
@click.option("--scheduled", is_flag=True, help="As a job: wait for the month's files, run once, tell people.")
@click.option("--again", is_flag=True, help="With --scheduled: also what stands already.")
@click.option("--revise", is_flag=True, help="Count rows that came late, old and new side by side.")
@click.option("--publish", "publish_as", default="", metavar="NAME", help="Publish, by the standing approval of NAME.")
@click.option("--timeout", type=click.IntRange(min=1), help="Seconds that a cell may take; else half an hour.")
def run(
    reports: tuple[str, ...],
    workspace: str | None,
    canaries: Path | None,
    months: tuple[str, ...],
    parameter: tuple[tuple[str, str], ...],
    name: str,
    sets: Path | None,
    scheduled: bool,
    again: bool,
    revise: bool,
    publish_as: str,
    timeout: int | None,
) -> None:
    """Run report notebooks, for each month and parameter set, and keep their pages. Running again spends nothing."""
    settings = load(workspace)
    from privacy_analytics.jobs import Terms, do, jobs, parameter_sets
    from privacy_analytics.report.execution import Limits

    if sets and name:
        raise UsageError("--as names the parameters of -p; those of --sets have names in the file.")
    given = dict(parameter)
    named = {each: given | own for each, own in parameter_sets(sets).items()} if sets else {name: given}
    terms = Terms(scheduled, revise, again, publish_as, options.texts(canaries), Limits(timeout))
    codes: list[int] = []
    for job in jobs(settings, reports, months, named):
        try:
            with watched_cells() as tell:
                done = do(settings, job, terms, tell)
        except Exception as error:  # noqa: BLE001  # the others go on; what may be said of it, ``told`` knows
            codes.append(told(error))
            state = "waits" if codes[-1] == TryLater.exit_code else "failed"
            click.echo(f"{job.place:<14} {job.month}  {state}, exit {codes[-1]}")
        else:
            codes.append(0)
            click.echo(_line(done, job.place, job.month))
    sys.exit(worst(codes))


def worst(codes: Iterable[int]) -> int:
    """The highest code of a failure; 75, try later, only where nothing failed."""
    return max(codes, key=lambda code: (code not in (0, TryLater.exit_code), code))


@click.command()
@click.argument("run", metavar="RUN")
@options.workspace
@options.canaries
@click.option("--approve", "approved_by", metavar="NAME", help="Who approves that it is published.")
@click.option("--recall", "recalled_by", metavar="NAME", help="Who takes it off the site, for good.")
@click.option("--reason", type=click.Choice(list(REASONS)), help="Why it is recalled.")
def publish(
    run: str,
    workspace: str | None,
    canaries: Path | None,
    approved_by: str | None,
    recalled_by: str | None,
    reason: str | None,
) -> None:
    """Check RUN once more and put it on the site. RUN is MONTH/REPORT, or MONTH/REPORT/NNN for an older one.

    With --recall its page is taken off the site, and not published again. Statistics that were approved from it stay
    until they are recalled, too: pa stats list.
    """
    if (approved_by is None) == (recalled_by is None) or (recalled_by is None) != (reason is None):
        raise UsageError("Say who: --approve NAME, or --recall NAME --reason REASON.")
    settings = load(workspace)
    from privacy_analytics.marketing.publish import publish as put
    from privacy_analytics.marketing.recalling import recall
    from privacy_analytics.report.places import finished

    folder = finished(settings, run)
    if recalled_by is not None:
        click.echo(
            f"recalled       {run}\nsite           {recall(settings, folder, by=recalled_by, reason=str(reason))}"
        )
        return
    page = put(settings, folder, approved_by=str(approved_by), canaries=options.texts(canaries))
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
    from privacy_analytics.report.places import NOTEBOOK, PAGE, finished
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


def _line(done: Done, place: str, month: str) -> str:
    attempt, page = done.attempt, done.page
    spent = "stands, spent 0" if attempt.stood else f"spent {_rho(attempt.nano_rho)}"
    same = "  (same page as before)" if done.run.again and not attempt.stood else ""
    lines = [
        f"{place:<14} {month}  {spent}{same}{'  (provisional)' if attempt.provisional else ''}",
        f"report         {done.run.html}",
        *([f"published      {page}"] if page else []),
    ]
    return "\n".join(lines)


def _rho(nano: int) -> str:
    return f"rho {nano / 1e9:.5f}" if nano else "0"

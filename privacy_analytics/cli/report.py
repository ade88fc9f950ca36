"""``pa run``, ``pa gate``, ``pa publish``: from a notebook to the site."""

from __future__ import annotations

import json
from pathlib import Path

import click

from privacy_analytics.cli import options
from privacy_analytics.errors import PolicyError
from privacy_analytics.workspace import load

_canaries = click.option(
    "--canaries",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Planted texts, one a line, that no page may hold.",
)


@click.command()
@click.argument("report", metavar="REPORT")
@options.workspace
@_canaries
@click.option("--month", default="", help="Month such as 2026-10; else the last complete one.")
@click.option("-p", "--parameter", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter of the notebook.")
def run(
    report: str, workspace: str | None, canaries: Path | None, month: str, parameter: tuple[tuple[str, str], ...]
) -> None:
    """Run a report notebook for a month and keep its page. Running it again spends nothing."""
    settings = load(workspace)
    from privacy_analytics.curator import Curator
    from privacy_analytics.report.run import run as run_report
    from privacy_analytics.snapshots import last_complete_month, snapshot

    frozen = snapshot(settings, month or last_complete_month(settings))
    ledger = Curator(settings).ledger
    before = ledger.lifetime().nano_rho
    made = run_report(
        settings,
        report,
        month=frozen.month,
        snapshot=frozen.token,
        parameters=dict(parameter),
        canaries=_texts(canaries),
    )
    spent = ledger.lifetime().nano_rho - before
    click.echo(f"{report:<14} {frozen.month}  spent {_rho(spent)}{'  (same page as before)' if made.again else ''}")
    click.echo(f"report         {made.html}")


@click.command()
@click.argument("run", metavar="RUN")
@options.workspace
@_canaries
@click.option("--approve", "approved_by", required=True, metavar="NAME", help="Who approves that it is published.")
def publish(run: str, workspace: str | None, canaries: Path | None, approved_by: str) -> None:
    """Check RUN once more and put it on the site. RUN is MONTH/REPORT, or MONTH/REPORT/NNN for an older one."""
    settings = load(workspace)
    from privacy_analytics.dp.store import ReleaseStore
    from privacy_analytics.report.publish import publish as put
    from privacy_analytics.report.run import finished

    if settings.contact_email.endswith("@localhost"):
        raise PolicyError("contact_email reaches this machine only. Set the officer's in workspace.toml (policy §12).")
    page = put(
        finished(settings, run),
        settings.path("published"),
        ReleaseStore(settings.path("releases")),
        approved_by=approved_by,
        product=settings.product,
        contact=settings.contact_email,
        canaries=_texts(canaries),
    )
    click.echo(f"published      {page}\nsite           {settings.path('published', 'index.html')}")


@click.command()
@click.argument("run", metavar="RUN")
@options.workspace
@_canaries
def gate(run: str, workspace: str | None, canaries: Path | None) -> None:
    """Check RUN's page as publishing would: every number again, no load, no script, no canary."""
    settings = load(workspace)
    from privacy_analytics import gate as checks
    from privacy_analytics.dp.store import ReleaseStore
    from privacy_analytics.report.run import finished

    folder = finished(settings, run)
    allowed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["allowed"]
    store = ReleaseStore(settings.path("releases"))
    checks.enforce((folder / "report.html").read_bytes(), store, allowed=allowed, canaries=_texts(canaries))
    click.echo("ok: every number comes from a release; nothing loads, nothing runs")


def _texts(file: Path | None) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file else []


def _rho(nano: int) -> str:
    return f"rho {nano / 1e9:.5f}" if nano else "0"

"""``pa run``, ``pa gate``, ``pa publish``: from a notebook to the site."""

from __future__ import annotations

from pathlib import Path

import click

from privacy_analytics.cli import options
from privacy_analytics.errors import PolicyError
from privacy_analytics.workspace import load


@click.command()
@click.argument("report", metavar="REPORT")
@options.workspace
@click.option("--month", default="", help="Month such as 2026-10; else the last complete one.")
@click.option("-p", "--parameter", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter of the notebook.")
def run(report: str, workspace: str | None, month: str, parameter: tuple[tuple[str, str], ...]) -> None:
    """Run a report notebook for a month and keep its page. Running it again spends nothing."""
    settings = load(workspace)
    from privacy_analytics.curator import Curator
    from privacy_analytics.report.run import run as run_report
    from privacy_analytics.snapshots import last_complete_month, snapshot

    frozen = snapshot(settings, month or last_complete_month(settings))
    ledger = Curator(settings).ledger
    before = sum(ledger.spent_by_month().values())
    made = run_report(settings, report, month=frozen.month, snapshot=frozen.token, parameters=dict(parameter))
    spent = sum(ledger.spent_by_month().values()) - before
    click.echo(f"{report:<14} {frozen.month}  spent {_rho(spent)}{'  (same page as before)' if made.again else ''}")
    click.echo(f"report         {made.html}")


@click.command()
@click.argument("report", metavar="REPORT")
@options.workspace
@click.option("--month", required=True, help="Month of the run.")
@click.option("--approve", "approved_by", required=True, metavar="NAME", help="Who approves that it is published.")
def publish(report: str, workspace: str | None, month: str, approved_by: str) -> None:
    """Check the newest run of a report once more and put it on the site."""
    settings = load(workspace)
    from privacy_analytics.dp.releases import ReleaseStore
    from privacy_analytics.report.publish import publish as put
    from privacy_analytics.report.run import latest

    if settings.contact_email.endswith("@localhost"):
        raise PolicyError("contact_email reaches this machine only. Set the officer's in workspace.toml (policy §12).")
    page = put(
        latest(settings, month, report),
        settings.path("published"),
        ReleaseStore(settings.path("releases")),
        approved_by=approved_by,
        product=settings.product,
        contact=settings.contact_email,
    )
    click.echo(f"published      {page}\nsite           {settings.path('published', 'index.html')}")


@click.command()
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.workspace
def gate(page: Path, workspace: str | None) -> None:
    """Check a page's bytes as publishing would: every number again, no load, no script."""
    settings = load(workspace)
    import json

    from privacy_analytics import gate as checks
    from privacy_analytics.dp.releases import ReleaseStore

    manifest = json.loads(page.with_name("manifest.json").read_text(encoding="utf-8"))
    checks.enforce(page.read_bytes(), ReleaseStore(settings.path("releases")), allowed=manifest["allowed"])
    click.echo("ok: every number comes from a release; nothing loads, nothing runs")


def _rho(nano: int) -> str:
    return f"rho {nano / 1e9:.5f}" if nano else "0"

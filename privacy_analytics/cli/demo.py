"""``pa demo``: the whole road on a synthetic export, in ./demo and nowhere else."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path

import click

from privacy_analytics import workspace
from privacy_analytics.cli.workspace import copy_notebooks
from privacy_analytics.errors import SettingsError

RUNS = (("usage_report", "2026-09"), ("usage_report", "2026-10"), ("case_study", "2026-10"))
"""Two months of the usage report, so that the second says what changed; of the last run marketing gets statistics."""
NAME = "pa demo"
"""Who approves: nobody looked at it."""


@click.command()
def demo() -> None:
    """Make a synthetic export and take it all the way to published reports, in ./demo."""
    started = time.monotonic()
    root = Path("demo").resolve()
    if root.exists() and not (root / workspace.FILE).is_file() and (root.is_file() or any(root.iterdir())):
        raise SettingsError("./demo exists and is no workspace. Move it away, or call from another folder.")
    if (root / workspace.FILE).is_file():
        settings = workspace.load(root)
    else:
        settings = workspace.create(
            root,
            product="Groove Assistant",
            contact_email="privacy@example.com",
            timezone="UTC",
            posted=date(2026, 8, 1),
        )
        copy_notebooks(root)

    from privacy_analytics.cli.report import watched_cells
    from privacy_analytics.curator import Curator
    from privacy_analytics.ingest.intake import ingest
    from privacy_analytics.marketing.publish import publish
    from privacy_analytics.marketing.site import Site
    from privacy_analytics.marketing.statistics import statistics
    from privacy_analytics.report.run import run
    from privacy_analytics.snapshots import snapshot

    curator, planted = Curator(settings), root / "export" / "canaries.txt"
    if not curator.lake.batches():
        from privacy_analytics.cli.ingest import summary, watched
        from privacy_analytics.sample import write_sample
        from privacy_analytics.scrub import IdentityHasher, Scrubber

        click.echo("export     synthetic: 20,000 accounts, two months, planted identifiers")
        sample = write_sample(root / "export")
        planted.write_text("\n".join(text for kind in sample.canaries.values() for text in kind), encoding="utf-8")
        scrubber = Scrubber("standard", hasher=IdentityHasher(*settings.secret_keys()))
        click.echo(summary(ingest(settings, sample.folder, scrubber=scrubber, progress=watched())))
        masked = sum(scrubber.counts.values()) - scrubber.counts["failed"]
        click.echo(f"scrubbed   {masked:,} identifiers masked, {scrubber.counts['failed']} text(s) masked whole")
    canaries = planted.read_text(encoding="utf-8").splitlines() if planted.is_file() else []
    before = curator.ledger.lifetime().nano_rho
    pages: list[Path] = []
    for report, month in RUNS:
        frozen = snapshot(settings, month)
        with watched_cells() as tell:
            made = run(
                settings,
                report,
                month=frozen.month,
                snapshot=frozen.token,
                parameters={},
                canaries=canaries,
                progress=tell,
            )
        pages.append(made.html)
        publish(settings, made.folder, approved_by=NAME, canaries=canaries)
    site = Site(settings, datetime.now(settings.zone).date(), tuple(canaries))
    approved = {each.id for each in site.approvals.all()}
    for each in statistics(pages[-1].read_text(encoding="utf-8"), site.store):
        if each.quotable and each.id not in approved:
            site.approve(each, report="/".join(reversed(RUNS[-1])), by=NAME)
    spent = curator.ledger.lifetime().nano_rho - before
    click.echo(f"spent          {f'rho {spent / 1e9:.5f}' if spent else '0'} over two months")
    for (report, _), page in zip(RUNS, pages, strict=True):
        click.echo(f"{report:<14} {page}")
    click.echo(f"site           {settings.path('published', 'index.html')}")
    click.echo(f"explore        pa lab -w {root.name}      ({time.monotonic() - started:.0f} s)")

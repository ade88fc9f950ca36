"""Where a statistic comes from: the finished run whose page says it, looked at by the gate once more."""

from __future__ import annotations

from pathlib import Path

from privacy_analytics.errors import NotFound
from privacy_analytics.gate import enforce
from privacy_analytics.marketing.pages import place
from privacy_analytics.marketing.publish import report_of
from privacy_analytics.marketing.statistics import Statistic, statistics
from privacy_analytics.report.manifest import variant_of, vouched
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store


def find(settings: Settings, statistic_id: str) -> tuple[Statistic, str]:
    """A statistic by its id, and the run that says it, as MONTH/REPORT; of several the newest.

    Raises
    ------
    GateError
        the run's page is not what it was
    NotFound
        no finished run says it
    """
    store = release_store(settings)
    for run in _finished(settings.path("runs")):
        page, manifest = report_of(run)
        for each in statistics(page.decode("utf-8"), store):
            if each.id == statistic_id:
                enforce("report.html", page, store, vouched(manifest))
                return each, place(manifest | {"variant": variant_of(manifest)})
    raise NotFound("No finished run says this. See which sentences a run has: pa stats claims MONTH/REPORT")


def _finished(runs: Path) -> list[Path]:
    """Every finished run, the newest first."""
    return [page.parent for page in sorted(runs.glob("*/*/[0-9][0-9][0-9]/report.html"), reverse=True)]

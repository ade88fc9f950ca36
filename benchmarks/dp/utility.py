"""How much of a month's 20 metrics can be read at 10,000 active accounts, epsilon 1, delta 1e-7: all of it, one plan.

    python benchmarks/dp/utility.py [MONTHS]

A synthetic export goes through the real road (intake, snapshot, plan, ledger). The cells are listed below, before
anything is drawn; those with a true share of at least 10 % of the active accounts are judged: ``ok`` or not, and how
wide. A cell that is suppressed, or whose metric the plan leaves out or makes coarser, is a miss. Every repeat is a
workspace of its own, so its noise is fresh. Prints shares and widths, no counts of anybody.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from privacy_analytics import Bins, CountAccounts, Groups, workspace
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.curator import Curator
from privacy_analytics.dp.questions import Question
from privacy_analytics.dp.releases import half_width
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.resolve import resolve
from privacy_analytics.sample import write_sample
from privacy_analytics.scrub import IdentityHasher, Scrubber
from privacy_analytics.session import Session

MONTH, ACCOUNTS, LEAST = "2026-10", 13_500, 0.1
"""An export of so many accounts has about 10,000 active ones that month."""
DESKTOP = Groups("os", {"desktop": ["linux", "macos", "windows"], "mobile": ["android", "ios"]})
METRICS: dict[str, Question] = {
    "month": CountAccounts("events"),
    "week": CountAccounts("events", by="week"),
    "day": CountAccounts("events", by="day"),
    "hour": CountAccounts("events", by="hour"),
    "event": CountAccounts("events", by="event"),
    "feature": CountAccounts("events", by="feature"),
    "os": CountAccounts("events", by="os"),
    "desktop": CountAccounts("events", by=DESKTOP),
    "browser": CountAccounts("events", by="browser"),
    "host": CountAccounts("events", by="host"),
    "version": CountAccounts("events", by="app_version"),
    "country": CountAccounts("events", by="country"),
    "sessions": CountAccounts("sessions", by=Bins("minutes", [5, 15, 30, 60])),
    "session_os": CountAccounts("sessions", by="os"),
    "session_host": CountAccounts("sessions", by="host"),
    "metric": CountAccounts("performance", by="metric"),
    "performance": CountAccounts("performance", by="app_version"),
    "crash": CountAccounts("crashes", by="code"),
    "crash_os": CountAccounts("crashes", by="os"),
    "topic": CountAccounts("chats", by="topic"),
}


def main() -> None:
    """Print one line a repeat, and the medians."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        settings = workspace.create(
            Path(folder) / "world",
            product="Utility",
            contact_email="privacy@example.com",
            timezone="UTC",
            posted=date(2026, 8, 1),
        )
        write_sample(Path(folder) / "export", accounts=ACCOUNTS, conversations=300)
        scrubber = Scrubber("fast", hasher=IdentityHasher(*settings.secret_keys()))
        ingest(settings, Path(folder) / "export", scrubber=scrubber)
        loss = replace(settings.loss, epsilon=1.0, delta=1e-7, accounts=10_000, shares={"usage": 1.0})
        truth = _truth(settings)
        active = truth["month"][()]
        listed = [(name, key) for name, cells in truth.items() for key, n in cells.items() if n >= LEAST * active]
        print(f"{len(METRICS)} metrics, {active:,} active accounts, {len(listed)} cells of at least {LEAST:.0%}")
        widths: list[float] = []
        for repeat in range(repeats):
            ours = replace(settings, loss=loss, ledger_url=f"sqlite:///{folder}/ledger-{repeat}.sqlite")
            readable, median, times = _one(ours, truth, listed)
            widths.append(median)
            print(f"ok {readable:6.1%}   median 95 % half-width {median:5.1%}   {times}")
        print(f"must: ok >= 95 %, half-width <= 12 %. Median of medians {statistics.median(widths):.1%}")


def _one(settings: Any, truth: Any, listed: list[tuple[str, tuple[str, ...]]]) -> tuple[float, float, str]:
    for old in settings.path("releases").glob("r-*"):  # of another repeat's ledger
        old.unlink()
    session = Session(Curator(settings), month=MONTH, purpose="usage")
    clock = [time.perf_counter()]
    plan = session.plan(share=1.0, **METRICS)
    clock.append(time.perf_counter())
    released = plan.release()
    clock.append(time.perf_counter())
    again = Session(Curator(settings), month=MONTH, purpose="usage").plan(share=1.0, **METRICS).release()
    clock.append(time.perf_counter())
    same = [again[name].release.to_json() == released[name].release.to_json() for name in released]
    planned, drawn, warm = (f"{after - before:.2f} s" for before, after in pairwise(clock))
    times = f"planned in {planned}, drawn in {drawn}; again: {warm}, {again.spent} rho, same bytes {all(same)}"
    fine, widths = 0, []
    for name, key in listed:
        cells = {cell.key: cell for cell in released[name].release.cells} if name in released else {}
        cell = cells.get(key)
        fine += cell is not None and cell.status == "ok"
        shown = cell is not None and cell.status != "suppressed"
        widths.append(half_width(cell) / truth[name][key] if shown else float("inf"))
    return fine / len(listed), statistics.median(widths), times


def _truth(settings: Any) -> dict[str, dict[tuple[str, ...], int]]:
    """Every account in every cell, no bounds: what the numbers are compared with."""
    curator = Curator(settings)
    frozen = curator._snapshot(MONTH)
    engine = LakeEngine(curator.lake, tables(settings), [frozen], b"", settings.timezone)
    found: dict[str, dict[tuple[str, ...], int]] = {}
    for name, question in METRICS.items():
        bounded = resolve(question, tables(settings), purpose="usage", month=MONTH, snapshot=frozen.token)
        unbounded = replace(bounded, per_account=len(bounded.groups))
        found[name] = dict(zip(bounded.groups, engine.sums(unbounded).n.ravel().tolist(), strict=True))
    return found


if __name__ == "__main__":
    main()

"""What one erasure rewrites: one of 50,000 accounts leaves 10^7 events of one month, or of twelve.

    python benchmarks/erasure.py [EVENTS] [FILE_ROWS]     10,000,000 events, and files as the lake makes them

Activity is zipf-like. The heaviest account and one of the median are erased, each from a lake of its own: first the
rewrite of the table alone (share of its files and bytes, seconds), then ``pa account erase`` in all, which also sweeps
the workspace and verifies.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from privacy_analytics import workspace
from privacy_analytics.lake import Lake, new_batch, rewrite, store
from privacy_analytics.lake.spans import Span, spans
from privacy_analytics.rights.erase import Erasure, Person, enter
from privacy_analytics.rights.requests import Requests
from privacy_analytics.settings import Settings

ACCOUNTS = 50_000
TODAY = date(2026, 11, 23)


def filled(folder: Path, rows: int, months: int) -> tuple[Settings, list[str]]:
    """A workspace with so many events over so many months; its accounts, the heaviest first."""
    settings = workspace.create(
        folder, product="Bench", contact_email="bench@example.com", timezone="UTC", posted=date(2026, 1, 1)
    )
    rng = np.random.default_rng(7)
    accounts = pl.Series([rng.bytes(16).hex() for _ in range(ACCOUNTS)])
    weights = 1 / np.arange(10, ACCOUNTS + 10) ** 0.7
    lake, batch = Lake(settings.path("lake")), new_batch(datetime(2026, 10, 1, tzinfo=UTC))
    schema = lake.schemas["events"]

    def month(number: int) -> pl.DataFrame:
        size = rows // months
        drawn = rng.choice(ACCOUNTS, size, p=weights / weights.sum())
        made = pl.DataFrame({"account": accounts[drawn.tolist()], "row_id": rng.integers(0, 2**62, size)})
        made = made.with_columns(
            account_hash=pl.col("account").hash(7).reinterpret(signed=True),
            day=pl.lit(date(2026, number + 1, 5)),
            event=pl.lit("feature_used"),
            feature=pl.Series(np.array(["chat", "mix_assist", "chord_helper"])[rng.integers(0, 3, size)]),
            duration_ms=pl.Series(rng.integers(1, 60_000, size).astype(float)),
            month=pl.lit(f"2026-{number + 1:02}"),
        )
        absent = {name: kind for name, kind in schema.items() if name not in made.columns}
        return made.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())

    def parts() -> Iterator[tuple[Span, pl.DataFrame]]:
        for number in range(months):
            made = month(number)
            for span in spans(made.height // 1_000_000 + 1):  # as an intake does
                yield span, made.filter(span.holds())

    lake.append("events", parts(), batch)
    lake.commit(batch, {})
    return settings, accounts.to_list()


def main(rows: int = 10_000_000, file_rows: int = store.FILE_ROWS) -> None:
    store.FILE_ROWS = file_rows
    print(f"{rows:,} events of {ACCOUNTS:,} accounts, about {file_rows:,} rows a file", flush=True)
    for months in (1, 12):
        with TemporaryDirectory() as place:
            settings, accounts = filled(Path(place) / "w", rows, months)
            lake = Lake(settings.path("lake"))
            for who, at in (("heaviest", 0), ("median", ACCOUNTS // 2)):
                begun = time.perf_counter()
                done = rewrite(lake, "events", pl.col("account") == accounts[at])
                took = time.perf_counter() - begun
                print(
                    f"{months:>2} month(s), {who:<8}  {done.rows:>6,} rows  {done.files} of {done.of_files} files "
                    f"({done.files / done.of_files:.1%})  {done.bytes / 1e6:.1f} of {done.of_bytes / 1e6:.0f} MB "
                    f"({done.bytes / done.of_bytes:.1%})  {took:.1f} s",
                    flush=True,
                )
            requests = Requests(settings, lake)
            begun = time.perf_counter()
            entered = enter(requests, [Person((accounts[ACCOUNTS // 2 + 1],), TODAY)], by="N. N.", exports=False)
            (ended,) = Erasure(settings, requests, by="N. N.", today=TODAY).carry_out(entered)
            print(f"{months:>2} month(s), all stores, {ended.state}: {time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Six groups of questions on four engines. Each engine imports what it needs when it is made, and answers by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from math import exp, log
from pathlib import Path
from typing import Any

QUESTIONS = {
    "day": "accounts by day, 30 cells",
    "month": "accounts of the month, 1 cell",
    "errors": "rows by error and channel, 98 cells",
    "plugins": "rows by plugin and day, 9,990 cells",
    "mean": "mean of a number by feature, 30 cells",
    "p95": "0.95 quantile of a number",
}
MONTH = "2026-09"
DAYS = [date(2026, 9, day) for day in range(1, 31)]
SIZES = {"feature": 30, "plugin": 333, "error": 14, "channel": 7}
"""How many public keys each column has."""
KEYS = {name: [*(f"{name}-{number:03}" for number in range(1, size)), "other"] for name, size in SIZES.items()}
LOW, HIGH = 0, 10_000
"""Public bounds of the number, in milliseconds."""
MOST = 10_000_000
"""Rows at most: OpenDP's margin wants a public bound."""
NANO_RHO = 3_000_000
"""What each answer costs."""
Ask = dict[str, Callable[[], Any]]


def files(folder: Path) -> list[Path]:
    """The Parquet files of a workspace's events."""
    return sorted(folder.glob("lake/events/*/*/*.parquet"))


def raw(folder: Path) -> Ask:
    """Polars without privacy: the same group-bys, by rows where ours take an account's mean first."""
    import polars as pl

    def scan() -> Any:
        return pl.scan_parquet(files(folder))

    accounts, slow = pl.col("account").n_unique(), pl.col("duration_ms")
    plans = {
        "day": lambda: scan().group_by("day").agg(accounts),
        "month": lambda: scan().select(accounts),
        "errors": lambda: scan().group_by("error", "channel").len(),
        "plugins": lambda: scan().group_by("plugin", "day").len(),
        "mean": lambda: scan().group_by("feature").agg(slow.mean()),
        "p95": lambda: scan().select(slow.quantile(0.95)),
    }
    return {name: lambda plan=plan: plan().collect(engine="streaming") for name, plan in plans.items()}


def asked() -> dict[str, Any]:
    """The six questions as this package asks them."""
    from privacy_analytics import CountAccounts, CountRows, Mean, Quantiles

    number = {"column": "duration_ms", "bounds": (LOW, HIGH)}
    return {
        "day": CountAccounts("events", by="day"),
        "month": CountAccounts("events"),
        "errors": CountRows("events", by=["error", "channel"], per_account=20, per_cell=5),
        "plugins": CountRows("events", by=["plugin", "day"], per_account=50, per_cell=5),
        "mean": Mean("events", by="feature", per_account=8, **number),
        "p95": Quantiles("events", probs=[0.95], **number),
    }


def ours(folder: Path, engine: str = "polars") -> Ask:
    """Bounding and noise through one of this package's engines and its mechanisms; no ledger."""
    from dataclasses import replace

    from privacy_analytics import settings
    from privacy_analytics.contracts import tables
    from privacy_analytics.dp.answering import answer
    from privacy_analytics.dp.charge import Charge
    from privacy_analytics.engines import engine_of
    from privacy_analytics.lake import Lake
    from privacy_analytics.resolve import resolve
    from privacy_analytics.snapshots import snapshot

    read = settings.read(folder)
    read = replace(read, operating=replace(read.operating, engine=engine))
    frozen, contract = snapshot(read, MONTH), tables(read)
    asks = engine_of(read, Lake(folder / "lake"), contract, [frozen], b"bench")
    bounded = {
        name: resolve(question, contract, purpose="exploration", month=frozen.month, snapshot=frozen.token)
        for name, question in asked().items()
    }
    return {name: lambda each=each: answer(each, Charge(NANO_RHO, 0), asks, 20) for name, each in bounded.items()}


def curator(folder: Path) -> Ask:
    """The whole road of a session: price, reserve, bound, noise, commit, in a ledger of its own."""
    from dataclasses import replace
    from tempfile import mkdtemp

    from privacy_analytics import settings
    from privacy_analytics.curator import Curator
    from privacy_analytics.session import Session

    for old in folder.glob("releases/r-*"):  # of another run's ledger
        old.unlink()
    ledger = f"sqlite:///{mkdtemp()}/ledger.sqlite"
    session = Session(Curator(replace(settings.read(folder), ledger_url=ledger)), month=MONTH, purpose="exploration")
    return {name: lambda each=each: session.release(each) for name, each in asked().items()}


def context(folder: Path) -> Ask:
    """OpenDP's Polars Context API with the bounds of ours.

    ``truncate_num_groups`` fails as it comes and keeps one group less than it is told with ``keep="first"``: it is told
    one more.
    """
    import opendp.prelude as dp
    import polars as pl

    dp.enable_features("contrib", "honest-but-curious")
    rows = pl.scan_parquet(files(folder)).select(
        "account", "day", "feature", "plugin", "error", "channel", "duration_ms"
    )
    keys = KEYS | {"day": DAYS}
    ctx = dp.Context.compositor(
        data=rows,
        privacy_unit=dp.unit_of(contributions=1, identifier="account"),
        privacy_loss=dp.loss_of(rho=len(QUESTIONS) * NANO_RHO / 1e9),
        split_evenly_over=len(QUESTIONS),
        margins=[dp.polars.Margin(max_length=MOST)],
    )

    def by(*names: str) -> Any:
        table = pl.LazyFrame({names[0]: keys[names[0]]})
        for name in names[1:]:
            table = table.join(pl.LazyFrame({name: keys[name]}), how="cross")
        return table

    def capped(groups: int, rows: int, *names: str) -> Any:
        cut = ctx.query().truncate_per_group(rows, by=list(names))
        return cut.truncate_num_groups(groups + 1, by=list(names), keep="first").group_by(*names)

    length = dp.len(signed=True)
    slow = pl.col("duration_ms").cast(pl.Int64).fill_null(0)
    steps = sorted({int(exp(log(HIGH) * place / 128)) for place in range(129)})
    plans = {
        "day": lambda: capped(30, 1, "day").agg(length).with_keys(by("day")),
        "month": lambda: ctx.query().truncate_per_group(1).select(length),
        "errors": lambda: capped(20, 5, "error", "channel").agg(length).with_keys(by("error", "channel")),
        "plugins": lambda: capped(50, 5, "plugin", "day").agg(length).with_keys(by("plugin", "day")),
        "mean": lambda: capped(8, 1, "feature").agg(length, slow.dp.sum((LOW, HIGH))).with_keys(by("feature")),
        "p95": lambda: ctx.query().truncate_per_group(1).select(slow.dp.quantile(0.95, steps)),
    }
    return {name: lambda plan=plan: plan().release().collect() for name, plan in plans.items()}


ENGINES: dict[str, Callable[[Path], Ask]] = {
    "raw": raw,
    "ours": ours,
    "duckdb": partial(ours, engine="duckdb"),
    "spark": partial(ours, engine="spark"),
    "curator": curator,
    "context": context,
}

"""How many of 20,000 phrases are found: 10^5 accounts with 30 Zipf-distributed items each, epsilon 1, delta 1e-7.

    python benchmarks/dp/topkeys.py [REPEATS]

Everything is counted: half of delta pays for the conversion from zCDP, half for the thresholds. The data are synthetic
and seeded; the noise is not. Prints counts of keys only.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import polars as pl

from privacy_analytics.dp import selection
from privacy_analytics.dp.mechanisms import nano_rho_for

ACCOUNTS, ITEMS, PHRASES, ZIPF = 100_000, 30, 20_000, 1.05
DELTA = 50_000_000  # 5e-8 for thresholds; the other 5e-8 converts
SPLITS = {"5/15/80": (5, 15, 80), "one round": (100,), "20/80": (20, 80), "10/90": (10, 90), "10/20/70": (10, 20, 70),
          "10/30/60": (10, 30, 60), "5/10/85": (5, 10, 85), "2/8/90": (2, 8, 90), "33/33/34": (33, 33, 34),
          "3/7/20/70": (3, 7, 20, 70), "2/5/13/80": (2, 5, 13, 80), "2/4/8/16/70": (2, 4, 8, 16, 70)}  # fmt: skip


def world() -> pl.DataFrame:
    """``account`` and ``phrase``, each pair once: an account draws 30 times, so it has about 25 different ones."""
    rng = np.random.default_rng(20230101)
    share = 1 / np.arange(1, PHRASES + 1) ** ZIPF
    drawn = rng.choice(PHRASES, size=ACCOUNTS * ITEMS, p=share / share.sum())
    rows = pl.DataFrame({"account": np.repeat(np.arange(ACCOUNTS), ITEMS), "phrase": drawn}).unique()
    return rows.with_columns(pl.format("phrase {}", "phrase").alias("phrase"), order=pl.lit(rng.random(len(rows))))


def engine(rows: pl.DataFrame, per_account: int, *, flow: bool = True) -> Callable[[frozenset[str]], Mapping[str, int]]:
    """Sums of weights for each phrase that is not found yet; without ``flow`` a found phrase keeps its weight."""
    table = pl.DataFrame({"n": range(1, per_account + 1), "weight": map(selection.weight, range(1, per_account + 1))})
    table = table.cast({"n": pl.UInt32})

    def weights(found: frozenset[str]) -> Mapping[str, int]:
        gone = pl.col("phrase").is_in(list(found))
        left = rows.filter(~gone) if flow else rows
        kept = left.filter(pl.col("order").rank("ordinal").over("account") <= per_account)
        spread = kept.with_columns(n=pl.len().over("account")).join(table, on="n")
        spread = spread if flow else spread.filter(~gone)
        return dict(spread.group_by("phrase").agg(pl.col("weight").sum()).iter_rows())

    return weights


def found(
    rows: pl.DataFrame, nano_rho: int, *, split: Sequence[int] = (5, 15, 80), per_account: int = 15, flow: bool = True
) -> int:
    """How many phrases this split finds for this much rho."""
    selection.ROUNDS = tuple(Fraction(part, 100) for part in split)
    rounds = selection.rounds_for(per_account, nano_rho, DELTA)
    return len(selection.discover(engine(rows, per_account, flow=flow), rounds, nano_rho=nano_rho, delta=DELTA))


def plain(rows: pl.DataFrame, nano_rho: int, per_account: int) -> int:
    """One round that counts accounts: an account adds 1 to each of its kept phrases."""
    kept = rows.filter(pl.col("order").rank("ordinal").over("account") <= per_account)
    counts = dict(kept.group_by("phrase").agg(pl.len() * selection.WEIGHT).iter_rows())
    l2 = math.isqrt(per_account * selection.WEIGHT**2) + 1
    only = selection.round_for(((per_account, l2, selection.WEIGHT),), nano_rho, DELTA)
    return len(selection.discover(lambda _: counts, [only], nano_rho=nano_rho, delta=DELTA))


def main(repeats: int = 3) -> None:
    rows, rho = world(), nano_rho_for(1.0, 5e-8)

    def show(name: str, run: Callable[[], int]) -> None:
        began = time.process_time()
        counts = sorted(run() for _ in range(repeats))
        seconds = (time.process_time() - began) / repeats
        print(f"{name:<34} {counts[0]:>6,} to {counts[-1]:>6,}   {seconds:5.1f} CPU s", flush=True)

    print(f"{rows.height:,} pairs, rho {rho / 1e9:.6f}, delta {DELTA / 1e15:g} for thresholds; {repeats} draws each")
    for per_account in (1, 10, 30):
        show(f"counts, {per_account} a head", lambda kept=per_account: plain(rows, rho, kept))
    for name, split in SPLITS.items():
        show(f"rounds {name}", lambda split=split: found(rows, rho, split=split))
    show("5/15/80, found keys keep weight", lambda: found(rows, rho, flow=False))
    for per_account in (5, 10, 12, 20, 30):
        show(f"5/15/80, {per_account} a head", lambda kept=per_account: found(rows, rho, per_account=kept))
    for part in (90, 85, 80, 75, 50):
        show(f"5/15/80 with {part} % of rho", lambda part=part: found(rows, rho * part // 100))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

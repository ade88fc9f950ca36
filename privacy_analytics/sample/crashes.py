"""Crashes: a few unlucky accounts have them, the same ones again and again, as it happens."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import polars as pl

from privacy_analytics.sample.accounts import Rng, draw
from privacy_analytics.sample.canaries import Canary, home
from privacy_analytics.sample.conversations import stamp
from privacy_analytics.sample.phrases import Writer, bank, words

_HOMES = {"macos": 0, "windows": 1, "linux": 2}
FEWEST = 10
"""Unlucky accounts; there are more where there are many accounts."""
_NAMES_A_FILE = "database_locked"
"""The code whose every stack text names a file below the user's home folder."""


def write_crashes(
    rng: Rng, random: Random, accounts: pl.DataFrame, events: pl.DataFrame, planted: list[Canary], size: int
) -> list[dict[str, Any]]:
    """Crashes at the time of some events, in the columns of the contract, the ``planted`` user names among them."""
    writer, stacks = Writer(random), bank("crashes")
    users: dict[str, str] = dict(accounts.select("account_id", "username").iter_rows())
    steady = accounts.filter(~pl.col("opted_out") & ~pl.col("gpc"))["account_id"].to_list()
    unlucky = random.sample(steady, max(len(steady) // 40, FEWEST))
    desktop = events.filter(pl.col("account_id").is_in(unlucky), pl.col("os").is_in(list(_HOMES)))
    chosen = desktop[np.sort(rng.integers(desktop.height, size=size))]
    codes: list[str] = draw(rng, words("shares")["crashes"], size).tolist()
    homes = {i * (size // len(planted)): canary.secret for i, canary in enumerate(planted)}

    written: dict[tuple[str, str, str], str] = {}
    rows: list[dict[str, Any]] = []
    for i, event in enumerate(chosen.iter_rows(named=True)):
        account, system = event["account_id"], event["os"]
        code = _NAMES_A_FILE if i in homes else codes[i]
        user = homes.get(i, users[account])
        slots = {"home": home(_HOMES[system], user), "sep": "\\" if system == "windows" else "/"}
        again = (user, system, code)
        if again not in written:
            written[again] = writer.say(random.choice(stacks[code])[0][2:], slots)
        row = {"account_id": account, "crash_id": f"cr-{i}", "occurred_at": stamp(event["occurred_at"]), "code": code}
        rows.append(row | {"app_version": event["app_version"], "os": system, "stack": written[again]})
    return rows

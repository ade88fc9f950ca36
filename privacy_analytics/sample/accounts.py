"""Invented accounts: a skewed choice of countries and plans, a few under age, some opted out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from privacy_analytics.sample.canaries import Person
from privacy_analytics.sample.phrases import words

UNDER_AGE = 12
Rng = np.random.Generator
Texts = npt.NDArray[np.str_]
"""Names; what is missing is empty until polars takes over."""


def draw(rng: Rng, weights: Mapping[str, float], size: int) -> Texts:
    """Names drawn by weight."""
    shares = np.array(list(weights.values()), dtype=float)
    return rng.choice(np.array(list(weights)), size, p=shares / shares.sum())


def write_accounts(rng: Rng, size: int, start: datetime, days: int) -> pl.DataFrame:
    """One row an account, in the columns of the contract; about one in eight is created in the ``days`` from ``start``.

    The last UNDER_AGE rows do not attest their age. About 6 % opted out or send a global privacy control signal.
    """
    names, shares = words("names"), words("shares")
    at = np.arange(size)
    given, family = (rng.choice(np.array(names[part]), size) for part in ("given", "family"))
    country = draw(rng, shares["countries"], size)
    region = np.full(size, "", dtype="U24")
    for code, inside in shares["regions"].items():
        mask = (country == code) & (rng.random(size) < 0.6)
        region[mask] = draw(rng, inside, int(mask.sum()))
    old = -rng.gamma(1.6, 220, size)
    created = np.where(rng.random(size) < 0.12, rng.uniform(0, days, size), old.clip(-1100, -0.1))
    user = pl.concat_str(
        pl.col("given").str.to_lowercase(), pl.col("family").str.to_lowercase().str.slice(0, 3), pl.col("at")
    )
    return pl.DataFrame(
        {
            "at": at,
            "given": given,
            "family": family,
            "country": country,
            "region": region,
            "created": (created * 86_400).astype(np.int64),
            "age_attested": at < size - UNDER_AGE,
            "plan_tier": draw(rng, shares["plans"], size),
            "opted_out": rng.random(size) < 0.045,
            "gpc": rng.random(size) < 0.02,
        }
    ).select(
        # An odd multiplier is a bijection of 32 bits: ids look random and never collide.
        account_id=pl.format("acc-{}", (pl.col("at") * 0x9E3779B1 % 2**32).cast(pl.String).str.zfill(10)),
        email=pl.concat_str(user, pl.lit("@example.com")),
        username=user,
        name=pl.concat_str("given", "family", separator=" "),
        country="country",
        region=pl.col("region").replace("", None),
        created_at=pl.lit(start, pl.Datetime("us", "UTC")) + pl.duration(seconds="created"),
        age_attested="age_attested",
        plan_tier="plan_tier",
        opted_out="opted_out",
        gpc="gpc",
    )


def rename(accounts: pl.DataFrame, rows: Sequence[int], people: Sequence[Person]) -> pl.DataFrame:
    """Give some accounts the identities of invented people."""
    new = {
        "name": [p.name for p in people],
        "username": [p.username for p in people],
        "email": [p.email for p in people],
    }
    return accounts.with_columns(accounts[column].scatter(rows, values) for column, values in new.items())


def spokesmen(accounts: pl.DataFrame, start: datetime) -> list[int]:
    """Rows of accounts that may write texts: of age, opted out of nothing, and there before ``start``."""
    free = (
        pl.col("age_attested")
        & ~pl.col("opted_out")
        & ~pl.col("gpc")
        & (pl.col("created_at") < start - timedelta(days=1))
    )
    return accounts.with_row_index("row").filter(free)["row"].to_list()

"""Projects as they were saved: every account keeps to its host and, mostly, to its genre."""

from __future__ import annotations

import numpy as np
import polars as pl

from privacy_analytics.sample.accounts import Rng, draw
from privacy_analytics.sample.moments import moments
from privacy_analytics.sample.phrases import words

MOST = 4
"""Projects of one account in one month."""
_TEMPO = {"house": (124.0, 2.2), "trap": (140.0, 2.5), "dnb": (174.0, 1.5), "lofi": (84.0, 5.0), "pop": (104.0, 9.0)}
"""Mean and standard deviation of the beats per minute by genre."""


def write_projects(rng: Rng, events: pl.DataFrame) -> pl.DataFrame:
    """Up to MOST projects of each account and month with an event, in the columns of the contract, in order of time."""
    shares = words("shares")
    saved = moments(rng, events, lambda size: rng.poisson(1.2, size).clip(0, MOST)).rename({"occurred_at": "saved_at"})
    who, account = np.unique(saved["account_id"].to_numpy(), return_inverse=True)
    own = draw(rng, shares["genres"], who.size)[account]
    genre = np.where(rng.random(saved.height) < 0.75, own, draw(rng, shares["genres"], saved.height))
    mean, spread = np.array([_TEMPO[name] for name in genre]).reshape(-1, 2).T
    tonic, mode = draw(rng, shares["tonics"], saved.height), draw(rng, shares["modes"], saved.height)
    hosts = events.drop_nulls("host").unique("account_id", keep="first", maintain_order=True)
    return (
        saved.with_columns(
            project_id=pl.format("pr-{}", pl.int_range(pl.len())),
            tracks=pl.Series(np.round(24 * rng.lognormal(0, 0.55, saved.height)).clip(1, 400)),
            bpm=pl.Series(np.round(rng.normal(mean, spread))),
            musical_key=pl.concat_str(
                pl.Series(tonic, dtype=pl.String), pl.Series(mode, dtype=pl.String), separator=" "
            ),
            main_effect=pl.Series(draw(rng, shares["effects"], saved.height), dtype=pl.String),
        )
        .join(hosts.select("account_id", "host"), on="account_id", how="left", maintain_order="left")
        .select("account_id", "project_id", "saved_at", "tracks", "bpm", "musical_key", "main_effect", "host")
    )

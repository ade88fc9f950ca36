"""Who asks the assistant something short, and about what: adopters of a feature ask more about what it is for."""

from __future__ import annotations

from random import Random

import numpy as np
import polars as pl

from privacy_analytics.sample.accounts import Rng
from privacy_analytics.sample.conversations import Asker
from privacy_analytics.sample.moments import moments
from privacy_analytics.sample.phrases import words

ASKING = 0.52
"""Of the accounts that send a message in a month: about three in ten of all accounts."""
MORE = {"stem_splitter": "recording", "mastering_preview": "mastering"}
"""What an adopter asks about three times as often."""


def askers(rng: Rng, random: Random, events: pl.DataFrame) -> list[Asker]:
    """One or more conversations of some accounts and months, at the time of messages they sent, in order of time."""
    shares: dict[str, float] = words("shares")["chats"]
    adopters = {
        topic: set(events.filter(pl.col("feature") == feature)["account_id"].to_list())
        for feature, topic in MORE.items()
    }
    sent = events.filter(pl.col("event") == "message_sent")
    asked = moments(rng, sent, lambda size: np.where(rng.random(size) < ASKING, 1 + rng.poisson(0.1, size), 0))
    found: list[Asker] = []
    for account, moment in asked.iter_rows():
        weights = [share * (3 if account in adopters.get(topic, ()) else 1) for topic, share in shares.items()]
        found.append((account, moment, random.choices(list(shares), weights)[0]))
    return found

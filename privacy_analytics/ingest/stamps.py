"""Under which version of the privacy policy a row was collected: a later version never changes that (policy §11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

import polars as pl

from privacy_analytics.settings import PolicyVersion


def policy_at(when: pl.Expr, versions: Sequence[PolicyVersion]) -> pl.Expr:
    """The version in force at each time, as ``policy.in_force`` says it: from 00:00 UTC of the day it takes effect.

    ``versions`` are in the order of those days; the first one also holds before its own.
    """
    first, *later = versions
    stamp = pl.lit(first.version)
    for version in later:
        begins = datetime.combine(version.effective, time(), UTC)
        stamp = pl.when(when >= begins).then(pl.lit(version.version)).otherwise(stamp)
    return stamp

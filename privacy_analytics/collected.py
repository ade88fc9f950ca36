"""The lake as one question may read it: without rows collected under a policy that did not allow what it is for.

A new purpose counts only what was collected since it took effect (policy §11).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from privacy_analytics.lake import Lake
from privacy_analytics.policy import UNRECORDED


class Collected(Lake):
    """A lake, less the rows of these (table, version of the policy) pairs."""

    def __init__(self, lake: Lake, without: Sequence[tuple[str, str]]) -> None:
        self.__dict__.update(vars(lake))
        self._without = without

    def scan(self, table: str, month: str, batches: Sequence[str]) -> pl.LazyFrame:
        """The rows of one table and month in these batches that may count."""
        rows = super().scan(table, month, batches)
        versions = [version for name, version in self._without if name == table]
        return rows.filter(~pl.col("policy").fill_null(UNRECORDED).is_in(versions)) if versions else rows

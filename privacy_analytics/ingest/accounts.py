"""Whom an export speaks of: each account's pseudonym, worked out once, and whether it was erased before."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones

_REMEMBERED = 100_000
"""Accounts; twice what one chunk can name."""


class Accounts:
    """The accounts of one intake, by the ids that its files give them."""

    def __init__(self, settings: Settings, hasher: IdentityHasher) -> None:
        self._stones = Tombstones(settings)
        self._erased_before = bool(self._stones.all())
        self.generations = lru_cache(_REMEMBERED)(hasher.generations)
        self._is_erased = lru_cache(_REMEMBERED)(lambda account_id: self._stones.hold(self.generations(account_id)))

    def pseudonyms(self, account_ids: pl.Series, *, key: int = -1) -> pl.Series:
        """The column ``account`` for a column of ids: under the newest key, or another; null where there is none."""
        known = {each: self.generations(each)[key] for each in account_ids.drop_nulls().unique()}
        return account_ids.replace_strict(known, default=None, return_dtype=pl.String).alias("account")

    def erased(self, account_ids: Iterable[str]) -> frozenset[str]:
        """Those that have a tombstone (policy §8). Nothing is worked out where there is none at all."""
        return frozenset(each for each in account_ids if self._is_erased(each)) if self._erased_before else frozenset()

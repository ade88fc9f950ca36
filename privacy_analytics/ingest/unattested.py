"""Accounts of an export that are not attested to be of age (policy §2): none of their rows may land."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from privacy_analytics.ingest.accounts import Accounts
from privacy_analytics.ingest.directory import Directory
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.lake import ALWAYS

UNATTESTED = "unattested"
"""Under which name their pseudonyms are staged."""


class Unattested:
    """Known by pseudonym, on disk: an export may attest nobody."""

    def __init__(self, accounts: Accounts, staging: Staging) -> None:
        self._accounts, self._staging = accounts, staging
        self._known: Directory | None = None

    def add(self, account_ids: frozenset[str]) -> None:
        """Hold these accounts back."""
        if account_ids:
            self._known = self._known or Directory(self._staging.folder / UNATTESTED / "known")
            account = self._accounts.pseudonyms(pl.Series(sorted(account_ids))).sort()
            self._known.add((each, "") for each in account)
            self._staging.add(UNATTESTED, account.to_frame().with_columns(month=pl.lit(ALWAYS)))

    def among(self, account_ids: Iterable[str]) -> frozenset[str]:
        """Those that are held back."""
        if self._known is None:
            return frozenset()
        ids = {self._accounts.generations(each)[-1]: each for each in account_ids}
        return frozenset(ids[account] for account in self._known.find(ids))

    def close(self) -> None:
        """Let go of the file."""
        if self._known:
            self._known.close()

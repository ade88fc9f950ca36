"""Own identifiers of accounts, as keyed hashes, to scrub their texts of: from this export and from earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import polars as pl

from privacy_analytics.ingest.directory import Directory
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.lake import ALWAYS, IDENTITIES, Lake
from privacy_analytics.scrub.identities import OwnIdentifier, OwnIdentifiers

_ROWS = 2**20
"""About so many identifiers of earlier exports are in memory at once."""


class Identifiers:
    """Looked up chunk by chunk. They are gathered when the first text asks: accounts are read before any text."""

    def __init__(self, lake: Lake, batches: Sequence[str], staging: Staging) -> None:
        self._lake, self._batches, self._staging = lake, batches, staging

    def of(self, accounts: pl.Series) -> dict[str, OwnIdentifiers]:
        """Those of some accounts; who has none is left out."""
        if accounts.is_empty():
            return {}
        return {each: _read(text) for each, text in self._directory.find(accounts.unique()).items()}

    def close(self) -> None:
        """Let go of the file."""
        if "_directory" in vars(self):
            self._directory.close()

    @cached_property
    def _directory(self) -> Directory:
        made = Directory(self._staging.folder / "identifiers")
        staged = ALWAYS in self._staging.months("identities")
        of = self._lake.rows("identities", [ALWAYS]) // _ROWS + 1
        for lake in self._lake.in_spans(max(of, self._staging.spans("identities", ALWAYS))):
            rows = lake.scan("identities", ALWAYS, self._batches).select(IDENTITIES.names()).collect()
            if staged:
                new = self._staging.rows("identities", ALWAYS, lake.span)
                rows = pl.concat([rows, new.select(rows.columns)])
            made.add(_texts(rows).iter_rows())
        return made


def grouped(identities: pl.DataFrame) -> dict[str, OwnIdentifiers]:
    """Rows of the lake's ``identities``, by account."""
    return {account: _read(text) for account, text in _texts(identities).iter_rows()}


def _texts(identities: pl.DataFrame) -> pl.DataFrame:
    own = identities.filter(pl.col("type").is_not_null())
    entry = pl.concat_str("hash", "type", "words", separator=" ")
    return own.group_by("account").agg(entry.unique().str.join(";")).sort("account")


def _read(text: str) -> OwnIdentifiers:
    entries = (entry.split(" ") for entry in text.split(";"))
    return OwnIdentifiers(frozenset(OwnIdentifier(hashed, kind, int(words)) for hashed, kind, words in entries))

"""A text for each of any number of accounts, looked up on disk: memory stays as it is, however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from privacy_analytics.lake import private_files

_CACHE = 32_768
"""KiB of the file that are kept in memory."""


class Directory:
    """Pseudonyms and a text each, in a file beside what is staged: gone with it, so nothing need survive a crash."""

    def __init__(self, file: Path) -> None:
        with private_files():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._rows = sqlite3.connect(file, isolation_level=None)
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                self._rows.execute(f"PRAGMA {pragma}")
            self._rows.execute(f"PRAGMA cache_size = -{_CACHE}")
            self._rows.execute("CREATE TABLE said (account TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID")

    def add(self, entries: Iterable[tuple[str, str]]) -> None:
        """Keep (account, text) pairs; sorted ones are written fastest. The first text of an account stays."""
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR IGNORE INTO said VALUES (?, ?)", entries)
        self._rows.execute("COMMIT")

    def find(self, accounts: Iterable[str]) -> dict[str, str]:
        """The texts of those accounts that have one."""
        found = ((each, self._rows.execute("SELECT text FROM said WHERE account = ?", (each,))) for each in accounts)
        return {account: text for account, rows in found for (text,) in rows}

    def close(self) -> None:
        self._rows.close()

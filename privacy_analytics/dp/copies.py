"""An SQLite file copied while others write to it, by SQLite's own online backup: a plain copy can miss its log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def copy_database(file: Path, to: Path) -> None:
    """Copy a database as it stands at one moment into another file (0600), whole or not at all."""
    partial = to.with_name(f"{to.name}.partial")
    partial.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(partial)) as copy,
    ):
        partial.chmod(0o600)
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    partial.replace(to)

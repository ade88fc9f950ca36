"""Public lists of keys: what a column can be counted by. Written down beforehand, never read from data."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from privacy_analytics.errors import SettingsError
from privacy_analytics.settings import Settings
from privacy_analytics.shipped import shipped

OTHER = "other"
"""What a value outside its public list becomes, row by row, before it is stored."""


def key_list(settings: Settings, name: str) -> tuple[str, ...]:
    """A public list of keys: the workspace's ``keys/NAME.txt``, else the shipped one; ``other`` is always last."""
    own, ours = settings.path("keys", f"{name}.txt"), shipped("data", "keys", f"{name}.txt")
    file: Path = own if own.is_file() else ours
    if not file.is_file():
        raise SettingsError(
            f"There is no public list {name}. Write one key a line into keys/{name}.txt of the workspace."
        )
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#") and line != OTHER]
    if len({key.casefold() for key in keys}) < len(keys):
        raise SettingsError(f"The public list {name} holds a key twice (case does not count). Remove one of them.")
    return (*keys, OTHER)


def as_key(column: str, values: tuple[str, ...]) -> pl.Expr:
    """Map a text column onto its public list, row by row: case and outer white space do not count.

    What is not on the list is ``other``; what is missing stays missing and is counted in no cell.
    """
    folded = pl.col(column).str.strip_chars().str.to_lowercase()
    listed = folded.replace_strict({key.lower(): key for key in values}, default=OTHER, return_dtype=pl.String)
    return pl.when(pl.col(column).is_not_null()).then(listed).alias(column)

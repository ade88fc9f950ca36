"""What a rotation of keys does to all that stands for people in the lake: it is hashed once more, under the newer key.

Names (pseudonyms, hashes of identifiers) nest as ``IdentityHasher`` nests them. Numbers that link rows were made of ids
under the first key; each newer key hashes the number before, so that a row of an export is known again after any number
of rotations, and whoever has the older keys alone cannot compute one from a guess.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import polars as pl

from privacy_analytics.scrub.identities import IdentityHasher

NAMES = ("account", "hash")
NUMBERS = ("account_hash", "row_id", "conversation", "session", "ticket")


def nested(rows: pl.DataFrame, keys: Sequence[bytes], columns: Iterable[str] = (*NAMES, *NUMBERS)) -> pl.DataFrame:
    """Rows whose names and numbers, those of ``columns`` that there are, nest through these newer keys, in order."""
    if not keys:
        return rows
    name, number = IdentityHasher(*keys).pseudonym, partial(nested_number, keys=keys)
    return rows.with_columns(
        _each(rows[column], name if column in NAMES else number) for column in columns if column in rows.columns
    )


def nested_number(number: int, keys: Iterable[bytes]) -> int:
    """63 bits of HMAC-SHA256(key, number), key by key."""
    for key in keys:
        number = int.from_bytes(hmac.digest(key, str(number).encode(), "sha256")[:8], "big") >> 1
    return number


def _each(column: pl.Series, change: Callable[[Any], object]) -> pl.Series:
    old = column.drop_nulls().unique()
    new = pl.Series([change(value) for value in old], dtype=column.dtype)
    return column.replace_strict(old, new, default=None, return_dtype=column.dtype)

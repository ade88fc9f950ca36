"""Spans of accounts: equal pieces of the space of pseudonyms, which are uniform, since they are keyed hashes.

A file holds the accounts of one span and says so in its name, ``AT-of-OF-…``: how large the batch is, nothing of whom
it holds. So a question can be answered a span at a time, in memory that does not grow with the month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl

_BITS = 32
_DIGITS = _BITS // 4
_ACCOUNT = pl.col("account")
_NAME = re.compile(r"(\d{6})-of-(\d{6})-")


@dataclass(frozen=True)
class Span:
    """The accounts whose pseudonym, as a fraction, lies in [at / of, (at + 1) / of)."""

    at: int = 0
    of: int = 1

    @classmethod
    def of_file(cls, file: Path) -> Self:
        """What a file's name says; one of an earlier version may hold anybody."""
        return cls.named(file) or cls()

    @classmethod
    def named(cls, file: Path) -> Self | None:
        """What a file's name says, if it says anything."""
        found = _NAME.match(file.name)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.at:06}-of-{self.of:06}"

    def meets(self, other: Span) -> bool:
        """Whether an account may lie in both."""
        return self.at * other.of < (other.at + 1) * self.of and other.at * self.of < (self.at + 1) * other.of

    def holds(self, account: Any = _ACCOUNT) -> Any:
        """Whether a row's ``account`` lies in it, as an expression of polars or of whatever the column is one."""
        above = account >= _digits(self.at, self.of)
        return above & (account < _digits(self.at + 1, self.of)) if self.at + 1 < self.of else above


EVERYBODY = Span()


def spans(of: int) -> list[Span]:
    """All accounts in so many spans."""
    return [Span(at, of) for at in range(of)]


def cut(rows: pl.DataFrame, most: int, within: Span = EVERYBODY) -> Iterator[tuple[Span, pl.DataFrame]]:
    """Rows of a span, sorted by account, in spans of about ``most`` rows; spans without rows are left out."""
    if rows.height <= most:
        if rows.height:
            yield within, rows
        return
    begins = rows["account"].str.slice(0, _DIGITS).str.to_integer(base=16, strict=False).fill_null(0)
    of = within.of * -(-rows.height // most)
    where = (begins.cast(pl.Int64) * of) // 2**_BITS
    for (at,), some in rows.with_columns(where.alias("#span")).group_by("#span", maintain_order=True):
        yield Span(int(str(at)), of), some.drop("#span")


def _digits(at: int, of: int) -> str:
    """The least first digits of a pseudonym at or above a fraction."""
    return f"{-(-at * 2**_BITS // of):0{_DIGITS}x}"

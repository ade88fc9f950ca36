"""The bounding plan of ``bounding`` on arrays of one machine: the same integers in a third of the time.

Rows lie account by account and are taken some hundred thousand at a time, always whole accounts, so that every step
works on a block that fits the processor's cache. An account has no name here, only a place in its block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacy_analytics.dp.questions import Bounded, CountRows, Histogram, Quantiles

P = 2**31 - 1
"""A Mersenne prime: residues have 31 bits, so a product of two stays below 2^62 on engines that raise on overflow."""
Q = 2**31 - 19
"""The prime before it: the residues of a hash by both are as good as independent (Chinese remainder theorem), and no
engine rounds them, as some do when they divide.
"""
ROWS = 250_000
"""About so many rows are a block."""
ACCOUNTS = 2**15
"""At most so many accounts are: (account, priority, cell) is then one number below 2^63."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows of whole accounts, account by account."""

    lengths: Ints
    """Of each account, how many rows it has."""
    account_hash: Ints
    """Of each account."""
    counts: Flags
    """Of each account, whether it counts at all."""
    cell: NDArray[np.integer]
    """Of each row an index of ``bounded.groups``; negative where it is in none."""
    number: NDArray[np.float64] | None
    """Of each row; NaN where it is missing. None where the question has no value."""


@dataclass(frozen=True)
class Contributions:
    """Per (account, cell), ordered by both; see ``bounding.contributions``."""

    account: Ints
    cell: Ints
    n: Ints
    place: Ints | None
    """None for questions without bins."""
    beyond: Flags
    """Of each account of the block, whether it met a bound."""

    def only(self, which: Flags) -> Contributions:
        place = None if self.place is None else self.place[which]
        return replace(self, account=self.account[which], cell=self.cell[which], n=self.n[which], place=place)


def blocks(rows: Rows) -> Iterator[Rows]:
    """The rows in pieces of whole accounts."""
    ends = np.cumsum(rows.lengths)
    first, start = 0, 0
    while first < len(ends):
        last = int(np.searchsorted(ends, start + ROWS, side="right"))
        last = min(max(last, first + 1), first + ACCOUNTS)
        some, part = slice(first, last), slice(start, int(ends[last - 1]))
        number = None if rows.number is None else rows.number[part]
        yield Rows(rows.lengths[some], rows.account_hash[some], rows.counts[some], rows.cell[part], number)
        first, start = last, part.stop


def contributions(block: Rows, bounded: Bounded, salt: bytes) -> Contributions:
    """What each account of a block counts in each of its cells."""
    size, accounts = len(bounded.groups), len(block.lengths)
    key = np.repeat(np.arange(accounts) * size, block.lengths) + block.cell
    counts = np.repeat(block.counts, block.lengths) & (block.cell >= 0)
    value = outside = None
    if bounded.value and block.number is not None:
        low, high, number = bounded.value.low, bounded.value.high, block.number
        inside = np.clip(number, low / bounded.value.units, high / bounded.value.units)
        counts &= ~np.isnan(number)
        value = np.floor(inside[counts] * bounded.value.units + 0.5).astype(np.int64).clip(low, high)
        outside = (inside != number)[counts]
    at, rows, total, outside = _tally(key if counts.all() else key[counts], value, outside, accounts * size)
    account = at // size
    n, place, over = _statistic(bounded, rows, total, outside)
    beyond = np.zeros(accounts, bool)
    beyond[account[over]] = True
    found = Contributions(account, at - account * size, n, place, beyond)
    many = np.bincount(account, minlength=accounts) > bounded.per_account
    if not many.any():
        return found
    chosen = found.only(_chosen(found, many, bounded, block.account_hash, salt))
    return replace(chosen, beyond=beyond | many)


def within(each: Contributions, bounded: Bounded) -> Flags:
    """Of each contribution, whether all of its account's are within the bounds; see ``bounding.outside``."""
    order = each.account * len(bounded.groups) + each.cell
    fits = (each.n >= -bounded.per_cell) & (each.n <= bounded.per_cell)
    fits[1:] &= order[1:] > order[:-1]  # a cell once
    bad = np.bincount(each.account, minlength=len(each.beyond)) > bounded.per_account
    bad[each.account[~fits]] = True
    return ~bad[each.account]


def _tally(key: Ints, value: Ints | None, outside: Flags | None, slots: int) -> tuple[Ints, Ints, Ints, Flags]:
    """Distinct keys in order; how many rows each has, the sum of their values, whether one was outside."""
    if slots > 4 * len(key):  # else one slot for each possible key is cheaper than to sort
        if value is None or outside is None:
            key = np.sort(key)
        else:
            order = np.argsort(key)
            key, value, outside = key[order], value[order], outside[order]
        changes = np.ones(len(key), bool)
        np.not_equal(key[1:], key[:-1], out=changes[1:])
        first = np.flatnonzero(changes)
        found, slots = key[first], len(first)
        key = np.cumsum(changes) - 1 if value is not None else key
        rows = np.diff(first, append=len(key))
        if value is None or outside is None:
            return found, rows, rows, np.zeros(0, bool)
        dense = np.arange(slots)
    else:
        rows = np.bincount(key, minlength=slots)
        found = dense = np.flatnonzero(rows)
        rows = rows[found]
        if value is None or outside is None:
            return found, rows, rows, np.zeros(0, bool)
    total, out = np.zeros(slots, np.int64), np.zeros(slots, bool)
    np.add.at(total, key, value)
    out[key[outside]] = True
    return found, rows, total[dense], out[dense]


def _statistic(bounded: Bounded, rows: Ints, total: Ints, outside: Flags) -> tuple[Ints, Ints | None, Flags]:
    """``n``, ``place`` and which met a bound, of each (account, cell); see ``bounding``."""
    value, question = bounded.value, bounded.question
    if value is None:
        over = rows > bounded.per_cell if isinstance(question, CountRows) else np.zeros(len(rows), bool)
        return np.minimum(rows, bounded.per_cell), None, over
    if value.total:
        amount = np.clip(total, *value.span)
        outside = outside | (amount != total)
    else:
        amount = (total - rows * value.low) // rows + value.low
    if isinstance(question, Quantiles | Histogram):
        return np.ones(len(rows), np.int64), amount, outside
    return amount - bounded.centre, None, outside


def _chosen(found: Contributions, many: Flags, bounded: Bounded, account_hash: Ints, salt: bytes) -> Flags:
    """Which cells stay: all of an account with few, of one with ``many`` those that come first by priority."""
    stays = np.ones(len(found.account), bool)
    rows = np.flatnonzero(many[found.account])
    whose, cell = found.account[rows], found.cell[rows]
    order = (whose << 48) + priority(account_hash[whose], cell, salt) * len(bounded.groups) + cell
    first = np.flatnonzero(np.diff(whose, prepend=-1))
    last = np.zeros(len(many), np.int64)
    last[many] = np.sort(order)[first + bounded.per_account - 1]
    stays[rows] = order <= last[whose]
    return stays


def priority(account_hash: Any, cell: Any, salt: bytes) -> Any:
    """Which cells of an account stay when it has too many: a salted hash of (account, cell) below 2^31.

    (a * (cell + s) + c) squared, modulo a prime, with a and c from the account's hash: every account has a multiplier
    of its own, so no cell is preferred for all. Unsquared, neighbours lie at equal distances and the ends of a list are
    (40,000 accounts with all of 10 keys, 3 kept: chi-square 55 times too large; squared, about 1).

    Parameters
    ----------
    account_hash, cell : int64, as expressions of an engine or as arrays; a cell is an index of a public list
    """
    shift = int.from_bytes(hashlib.sha256(salt).digest()[:4]) % P
    mixed = ((account_hash % P) * ((cell + shift) % P) + account_hash % Q) % P
    return mixed * mixed % P

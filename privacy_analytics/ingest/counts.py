"""What an intake did, in numbers; for the operator alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """What became of the rows of one table."""

    read: int = 0
    added: int = 0
    known: int = 0
    dropped: int = 0
    """Left out by the map."""
    without_account: int = 0
    erased: int = 0
    """Rows of accounts that were erased before: they do not come back, and leave no other trace (policy §8)."""
    quarantined: Counter[str] = field(default_factory=Counter[str])
    """Rows by the rule that they broke first."""


@dataclass
class IntakeReport:
    """What an intake did, by table."""

    batch: str
    tables: dict[str, Counts]
    alone: list[str]
    """Files that are no export table."""
    scrubbing: Mapping[str, Any]
    """Tier and weights that texts were scrubbed with, and how often those miss (``scrub.card``)."""
    left_out: list[str] = field(default_factory=list[str])
    """Columns of ``projects`` that a map drops, since policy §3 does not allow them."""
    minors: int = 0
    """Accounts held back from now on: they say in what was added that they are under 18 (policy §2)."""
    cards: int = 0
    """Card numbers masked in what was added (policy §3), in so many rows:"""
    rows_with_cards: int = 0

    def of(self, table: str) -> Counts:
        """Those of a table."""
        return self.tables.setdefault(table, Counts())

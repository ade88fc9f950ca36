"""What the openers yield, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Piece:
    """One decoded text, where in the file it is, and how it was decoded ("" when it stands there as it is)."""

    where: str
    view: str
    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that could not be opened, and why: a class name or a rule, never what a parser quoted."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class At:
    """Where an opener stands, what it may still do: layers to open below, bytes to unpack from one stream."""

    name: str
    limit: int
    where: str = ""
    layers: int = 6
    path: Path | None = None

    def into(self, place: str, name: str = "") -> At:
        where = f"{self.where} > {place}" if self.where else place
        return replace(self, name=name, where=where, layers=self.layers - 1, path=None)

    def beside(self, place: str) -> At:
        return replace(self.into(place), layers=self.layers)


Found = Iterator[Piece | Unreadable]

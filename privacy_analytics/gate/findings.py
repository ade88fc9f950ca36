"""What the gate asks of a file, what it was told beforehand, and what it found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RULES = {
    "name": "the file's name is plain and says nothing",
    "readable": "every byte of it can be read",
    "fragments": "every figure, table and sentence is what its releases give",
    "prose": "around them stand the template and the notebook's own prose, nothing else",
    "markup": "nothing in it loads, runs or hides",
    "numbers": "no number stands there that no release is behind",
    "cells": "every cell is one of the run's notebook",
    "keys": "no key, output, metadata or attachment that a shared notebook does not have",
    "bytes": "every byte is what the release gives",
    "chunks": "it holds pixels and nothing else",
    "identities": "no canary, no name, nothing shaped like an identity",
}
"""Every rule by its name, as a promise."""


@dataclass(frozen=True)
class Finding:
    """What keeps a file back: the rule, where, and what to do. Never the text that was found."""

    rule: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class Vouched:
    """What may stand in a file beside released values. Whoever makes the file says so; nothing is the default."""

    allowed: tuple[str, ...] = ()
    """Texts with digits, or e-mail addresses, that may stand outside fragments."""
    prose: frozenset[str] = frozenset()
    """``digest`` of every block that may stand around a page's fragments."""
    cells: frozenset[str] = frozenset()
    """``Cell.digest`` of every cell that a notebook may have."""
    shipped: frozenset[str] = frozenset()
    """Those of ``prose`` and ``cells`` that come with the package: no name in them is a person's."""
    drawn_from: Mapping[str, Any] | None = None
    """The fragment that a PNG shows, since it cannot say so itself."""
    site: Literal["", "page", "index"] = ""
    """Which page of the site this is, if it is one: ``index`` alone may search and copy (``gate.site``)."""
    canaries: tuple[str, ...] = ()
    """Planted texts that must be nowhere."""


def digest(text: str) -> str:
    """SHA-256 of a block, without the white space around it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def line(text: str, at: int) -> str:
    """The place of an offset in a text."""
    return f"line {text.count(chr(10), 0, at) + 1}"

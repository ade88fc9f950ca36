"""Text in, masked text and spans out; what cannot be scrubbed is masked whole.

Mask texts:           Scrubber, Scrubbed, Span, find_spans
Mask a data frame:    scrub_columns
Know an account:      IdentityHasher (pseudonyms), OwnIdentifiers, OwnIdentifier
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privacy_analytics.scrub.columns import scrub_columns
    from privacy_analytics.scrub.identities import IdentityHasher, OwnIdentifier, OwnIdentifiers
    from privacy_analytics.scrub.scrubber import Scrubbed, Scrubber, find_spans
    from privacy_analytics.scrub.spans import Span

_HOMES = {
    "IdentityHasher": "identities",
    "OwnIdentifier": "identities",
    "OwnIdentifiers": "identities",
    "Scrubbed": "scrubber",
    "Scrubber": "scrubber",
    "Span": "spans",
    "find_spans": "scrubber",
    "scrub_columns": "columns",
}

__all__ = [
    "IdentityHasher",
    "OwnIdentifier",
    "OwnIdentifiers",
    "Scrubbed",
    "Scrubber",
    "Span",
    "find_spans",
    "scrub_columns",
]


def __getattr__(name: str) -> object:
    """Import on first use: a pseudonym should not wait for Presidio (it loads spaCy, 2 s)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

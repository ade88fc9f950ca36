"""Proof of fragments: each is drawn again from the release store and compared byte by byte."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import PrivacyAnalyticsError, SettingsError
from privacy_analytics.figures import opening, render
from privacy_analytics.gate.findings import Finding, line

_ID = re.compile(r"r-[0-9A-Za-z]+")


@dataclass(frozen=True)
class Cut:
    """A text whose proven fragments were taken out."""

    pieces: list[tuple[int, str]]
    """What stands around them, each with its offset in the text; one more than there are fragments."""
    specs: list[str]
    """What the fragments say of themselves, as JSON."""
    findings: list[Finding]
    """One for each that is not what its releases give; it stays in its piece."""


def cut(text: str, store: ReleaseStore) -> Cut:
    """Take the proven fragments out of a text."""
    pieces: list[tuple[int, str]] = []
    specs: list[str] = []
    findings: list[Finding] = []
    start = at = 0
    while found := opening.search(text, at):
        drawn = drawn_again(found[1], store)
        if drawn is not None and text.startswith(drawn, found.start()):
            pieces.append((start, text[start : found.start()]))
            specs.append(unescape(found[1]))
            start = at = found.start() + len(drawn)
        else:
            what = "a fragment is not what its releases give; run the report again"
            findings.append(Finding("fragments", line(text, found.start()), what))
            at = found.end()
    return Cut([*pieces, (start, text[start:])], specs, findings)


def drawn_again(attribute: str, store: ReleaseStore) -> str | None:
    """The fragment of a specification, escaped as it stands in an attribute; None where it gives none."""
    try:
        return _drawn(attribute, store, tuple(store.text(each) for each in sorted(set(_ID.findall(attribute)))))
    except SettingsError:  # the store is out of reach, which says nothing of the fragment
        raise
    except (PrivacyAnalyticsError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None


@lru_cache(maxsize=512)
def _drawn(attribute: str, store: ReleaseStore, _: tuple[str | None, ...]) -> str:
    """A page and the notebook beside it show the same: each is drawn once, while its releases are the same."""
    return render(json.loads(unescape(attribute)), store)

"""Where each number of a page comes from: a numbered list of its releases, and links to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.bounds import bounds, noise
from privacy_analytics.figures.clauses import where
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import month_words
from privacy_analytics.figures.measures import covered
from privacy_analytics.figures.words import title


def footnotes(releases: Sequence[Release], _options: object) -> str:
    """One note a stored release: its question in words, month, population, bounds, noise; its id is its anchor."""
    if not releases or not all(release.key for release in releases):
        raise UsageError("Footnotes are about stored releases: give the counts, not what was computed from them.")
    notes = "".join(map(_note, {release.id: release for release in releases}.values()))
    return f'<ol class="footnotes">{notes}</ol>'


def links(expressions: Sequence[Any]) -> str:
    """Links from a fragment to the footnotes of everything it was computed from."""
    ids = dict.fromkeys(found for expression in expressions for found in stored(expression))
    each = ", ".join(f'<a href="#{escape(known)}">{escape(known)}</a>' for known in ids)
    return f'<p class="sources">{"Source" if len(ids) == 1 else "Sources"}: {each}</p>'


def stored(expression: Any) -> list[str]:
    """The ids in an expression over releases, in their order."""
    if isinstance(expression, str):
        return [expression]
    return [known for part in expression["of"] for known in stored(part)]


def asked(release: Release) -> str:
    """The question in words, but for whom it counts: ``"Accounts (Export finished), October 2026"``."""
    months = " and ".join(map(month_words, covered(release)))
    return f"{title(release).removesuffix(f' in {month_words(release.month)}')}{where(release)}, {months}"


def _note(release: Release) -> str:
    if not re.fullmatch(r"r-[\w-]+", release.id):
        raise UsageError("A stored release has an id that starts with r-.")
    people = "all accounts" if release.population == "all" else f"accounts that have {release.population}"
    whose = people if who(release) == "accounts" else f"{who(release)}, of {people}"
    facts = (
        f"{asked(release)}.",
        f"Counted: {whose}.",
        bounds(release),
        f"Noise: standard deviation {noise(release)}.",
    )
    text = escape(" ".join(filter(None, facts)))
    return f'<li id="{escape(release.id)}">{text} <code>{escape(release.id)}</code></li>'

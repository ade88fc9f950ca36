"""The two numbers that a sentence compares, as bars with the very intervals that it was said with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from privacy_analytics.dp.corrected import Tree, estimate
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.claims import MISS, judged
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import capital, month_words
from privacy_analytics.figures.parts import framed

FORMS = ("versus", "trend")


def bars(releases: Sequence[Release], options: Mapping[str, Any]) -> str:
    """A cohort's number beside the others', or a number beside that of the month before.

    Takes the options of the sentence (``claims.one``). Raises UsageError for another form, or where nothing is said.
    """
    from privacy_analytics.figures import charts

    claim, offered = options["claim"], options["offered"]
    (said,) = judged([claim], releases, offered)
    if claim["form"] not in FORMS or not said.text:
        raise UsageError("Sentences that compare two numbers have bars; take the figure of this one's release.")
    both = [_shown(claim, part, releases, MISS / offered / 2) for part in claim["tree"]]
    names = [_name(claim, part, releases) for part in claim["tree"]]
    legend = "".join(
        f'<span class="key {role}">{escape(name)}</span>' for name, role in zip(names, charts.PAIR, strict=True)
    )
    note = f'<span class="note">{legend} whisker: the interval in the sentence</span>'
    heading = f"<strong>{escape(capital(str(claim['says'])))}</strong>{note}"
    return framed(heading, charts.pairs(*both), said.text)


def _shown(claim: Mapping[str, Any], tree: Tree, releases: Sequence[Release], miss: float) -> Release:
    """One of the numbers as a release of a single cell, which stands in its month."""
    found, first = estimate(tree, releases, miss), _first(tree, releases)
    if found is None:
        raise UsageError("One of the two numbers is too small to show.")
    when = "" if claim["form"] == "trend" else month_words(first.month)
    unit = first.unit if isinstance(tree, Mapping) else "ratio" if claim["as"] == "ratio" else "share"
    cell = Cell((when,), found.value, found.low, found.high, None, "ok")
    return replace(first, unit=unit, by=("month",), cells=(cell,), question={})


def _name(claim: Mapping[str, Any], tree: Tree, releases: Sequence[Release]) -> str:
    first = _first(tree, releases)
    return month_words(first.month) if claim["form"] == "trend" else capital(who(first))


def _first(tree: Any, releases: Sequence[Release]) -> Release:
    return releases[tree["of"]] if isinstance(tree, Mapping) else _first(tree[0], releases)

"""A month read again with rows that came late: each number as it was first reported, as it is now, and between them.

Both were drawn with noise of their own, so they differ where no row came late, too. A difference is *clear* where its
interval excludes 0; see ``changes`` for what that takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.changes import clear, in_points, minus
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.comparisons import legend
from privacy_analytics.figures.format import capital, column_words, difference, error, key_words, part_words, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.notes import asked
from privacy_analytics.figures.parts import details, framed, headed
from privacy_analytics.figures.words import is_sorted_time

Options = Mapping[str, Any]
_TWO = ("As first reported", "Revised")
_ABOUT = (
    "This page counts rows that came in after the month was first reported. Every number was drawn anew with noise of "
    "its own, and paid for from what is kept for revisions; the first ones stay as they were published. So two numbers "
    "differ a little also where no row came late: a difference is clear where its interval excludes zero."
)
_BY_KEY = "By key: a picture where something clearly differs, the numbers of all others one step away."


def revises(new: Release, old: Release) -> bool:
    """Whether both answer the same question about the same month, read at different times."""
    return (new.question, new.month) == (old.question, old.month) and new.snapshot != old.snapshot


def revised(releases: Sequence[Release], options: Options) -> str:
    """Pairs of releases, old then new: the single numbers in one table, a picture where something clearly changed.

    The numbers of all others are one step away. Raises UsageError for what are no such pairs, or not as many ``names``.
    """
    names: list[str] = options.get("names", [])
    pairs = list(zip(releases[::2], releases[1::2], strict=False))
    if len(releases) != 2 * len(names) or not all(revises(new, old) for old, new in pairs):
        raise UsageError("revised takes releases in pairs, first and revised, with a name for each pair.")
    heading = f"<h2>What late rows changed</h2><p>{_ABOUT}</p>"
    if not pairs:
        return heading + '<p class="note">No number was answered both times.</p>'
    named = [(name, *pair) for name, pair in zip(names, pairs, strict=True)]
    single = "".join(
        _row([_head(name, _said(new))], old.cells[0], new.cells[0], new) for name, old, new in named if not old.by
    )
    keyed = [_keyed(*each) for each in named if each[1].by]
    drawn = "".join(text for is_drawn in (True, False) for is_one, text in keyed if is_one is is_drawn)
    numbers = _table(["Number"], single) if single else ""
    return heading + numbers + (f"<p>{_BY_KEY}</p>{drawn}" if drawn else "")


def _keyed(name: str, old: Release, new: Release) -> tuple[bool, str]:
    """Whether it is a picture, since something clearly changed and has room in one; and it, with all its numbers."""
    from privacy_analytics.figures import charts

    before = {cell.key: cell for cell in old.cells}
    both = [(before[cell.key], cell) for cell in new.cells if cell.key in before]
    apart = [each for then, now in both if (each := _apart(then, now, new))]
    changed = [key_words(each.key, new.by) for each in apart if clear(each)]
    unsaid = "compare their intervals" if new.unit == "quantile" else "too small to compare"
    said = f"clear difference in {'; '.join(changed)}" if changed else "no clear difference" if apart else unsaid
    if grown := [key_words(now.key, new.by) for then, now in both if then.status == "suppressed" != now.status]:
        said += f"; too small before: {', '.join(grown)}"
    rows = "".join(
        _row([_head(capital(part_words(*part))) for part in zip(now.key, new.by, strict=True)], then, now, new)
        for then, now in both
        if {then.status, now.status} != {"suppressed"}  # a phrase that neither page shows is not public
    )
    note = f'<p class="note">{escape(_said(new))}</p>'
    numbers = note + _table([capital(column_words(each)) for each in new.by], rows)
    if not changed or len(new.by) > 1 or is_sorted_time(new):
        return False, f"<details><summary>{escape(name)}: {escape(said)}</summary>{numbers}</details>"
    caption = f'{headed(new, {"title": name})}<span class="note">{legend(_TWO)} whisker: 95 % interval</span>'
    picture = framed(caption, charts.pairs(old, new), f"{name}: {said}.")
    return True, f"{picture}<p>{capital(escape(said))}.</p>{details(numbers)}"


def _table(keys: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in (*keys, *_TWO, "Difference"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(heads: Sequence[str], old: Cell, new: Cell, of: Release) -> str:
    apart = _apart(old, new, of)
    said = difference(apart, in_points(of)) if apart else "–"
    return f"<tr>{''.join(heads)}{_number(old, of)}{_number(new, of)}<td>{said}</td></tr>"


def _apart(old: Cell, new: Cell, of: Release) -> Cell | None:
    """Their difference where both are shown; none of quantiles, whose intervals are in ranks and cannot be widened."""
    return None if of.unit == "quantile" or "suppressed" in (old.status, new.status) else minus(new, old)


def _number(cell: Cell, of: Release) -> str:
    if cell.status == "suppressed":
        return '<td class="n">–</td>'
    return f'<td class="n">{show(cell, measure(of))} <span class="note">{error(cell, measure(of))}</span></td>'


def _head(words: str, said: str = "") -> str:
    note = f'<br><span class="note">{escape(said)}</span>' if said else ""
    return f'<th scope="row">{escape(words)}{note}</th>'


def _said(release: Release) -> str:
    """The question in words: names of blocks alone do not say enough."""
    people = who(release)
    return asked(release) if people == "accounts" else f"{asked(release)}: {people}"

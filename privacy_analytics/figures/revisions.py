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
from privacy_analytics.figures.comparisons import legend
from privacy_analytics.figures.format import capital, column_words, difference, error, key_words, part_words, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.parts import details, framed, headed
from privacy_analytics.figures.words import is_sorted_time

Options = Mapping[str, Any]
_TWO = ("As first reported", "Revised")
_ABOUT = (
    "This page counts rows that came in after the month was first reported. Every number was drawn anew with noise of "
    "its own, and paid for from what is kept for revisions; the first ones stay as they were published. So two numbers "
    "differ a little also where no row came late: a difference is clear where its interval excludes zero."
)


def revises(new: Release, old: Release) -> bool:
    """Whether both answer the same question about the same month, read at different times."""
    return (new.question, new.month) == (old.question, old.month) and new.snapshot != old.snapshot


def revised(releases: Sequence[Release], options: Options) -> str:
    """Pairs of releases, old then new: the single numbers in one table, then a line or a picture for each other pair.

    Raises UsageError for what are no such pairs, or not as many ``names``.
    """
    names: list[str] = options.get("names", [])
    pairs = list(zip(releases[::2], releases[1::2], strict=False))
    if len(releases) != 2 * len(names) or not all(revises(new, old) for old, new in pairs):
        raise UsageError(
            "revised takes releases in pairs, the first one and the revised one, with a name for each pair."
        )
    heading = f"<h2>What late rows changed</h2><p>{_ABOUT}</p>"
    if not pairs:
        return heading + '<p class="note">No number was answered both times.</p>'
    single = [(name, *pair) for name, pair in zip(names, pairs, strict=True) if not pair[0].by]
    keyed = [(name, *pair) for name, pair in zip(names, pairs, strict=True) if pair[0].by]
    rows = "".join(_row([_head(name)], old.cells[0], new.cells[0], old, new) for name, old, new in single)
    return heading + (_table(["Number"], rows) if single else "") + "".join(_keyed(*each) for each in keyed)


def _keyed(name: str, old: Release, new: Release) -> str:
    """A picture where something clearly changed and has room in one; the numbers of all keys one step away."""
    from privacy_analytics.figures import charts

    both = {cell.key: cell for cell in old.shown}
    changed = [
        key_words(cell.key, new.by)
        for cell in new.shown
        if cell.key in both and (apart := _apart(both[cell.key], cell, new)) and clear(apart)
    ]
    said = f"Clear difference: {', '.join(changed)}." if changed else "No clear difference."
    before = {cell.key: cell for cell in old.cells}
    rows = "".join(
        _row([_head(capital(part_words(*part))) for part in zip(cell.key, new.by, strict=True)], before[cell.key], cell,
             old, new)
        for cell in new.cells if cell.key in before
    )  # fmt: skip
    numbers = details(_table([capital(column_words(each)) for each in new.by], rows))
    if not changed or len(new.by) > 1 or is_sorted_time(new):
        return f"<p>{headed(new, {'title': name})}: {escape(said)}</p>{numbers}"
    heading = f'{headed(new, {"title": name})}<span class="note">{legend(_TWO)} whisker: 95 % interval</span>'
    return framed(heading, charts.pairs(old, new), f"{name}. {said}") + f"<p>{escape(said)}</p>{numbers}"


def _table(keys: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in (*keys, *_TWO, "Difference"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(heads: Sequence[str], before: Cell, now: Cell, old: Release, new: Release) -> str:
    hidden = "suppressed" in (before.status, now.status)
    apart = None if hidden else _apart(before, now, new)
    said = difference(apart, in_points(new)) if apart else "–"
    return f"<tr>{''.join(heads)}{_number(before, old)}{_number(now, new)}<td>{said}</td></tr>"


def _apart(old: Cell, new: Cell, of: Release) -> Cell | None:
    """Their difference; none of quantiles, whose intervals are in ranks and cannot be widened."""
    return None if of.unit == "quantile" else minus(new, old)


def _number(cell: Cell, of: Release) -> str:
    if cell.status == "suppressed":
        return '<td class="n">–</td>'
    return f'<td class="n">{show(cell, measure(of))} <span class="note">{error(cell, measure(of))}</span></td>'


def _head(words: str) -> str:
    return f'<th scope="row">{escape(words)}</th>'

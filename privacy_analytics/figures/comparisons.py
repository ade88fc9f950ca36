"""What is looked at side by side: a cohort and everybody, before and after, the parts of a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp import arithmetic
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.changes import Changes, changes, clear, in_points, minus
from privacy_analytics.figures.format import difference, interval, month_words, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.parts import details, framed, headed, hidden, numbers, one
from privacy_analytics.figures.words import alt_text

Options = Mapping[str, Any]
Pair = tuple[Release, Release]
"""A number before, and after."""
_GROUPS = ("This group", "Everybody")
_FOUR = 2.497705 / 1.959964
"""From 95 % to 98.75 %: a difference of two differences has four ends to miss (Bonferroni)."""


def compare(releases: Sequence[Release], options: Options) -> str:
    """Two releases of the same keys side by side: a cohort, then everybody."""
    from privacy_analytics.figures import charts

    if len(releases) != 2:
        raise UsageError("compare takes two releases: the cohort's, then everybody's.")
    first, second = releases
    if first.by != second.by or first.unit != second.unit:
        raise UsageError("compare takes two releases by the same column and in the same unit.")
    names = _names(options)
    if not {cell.key for cell in first.shown} & {cell.key for cell in second.shown}:
        return numbers(first, names[0]) + numbers(second, names[1])
    heading = f'{headed(first, options)}<span class="note">{legend(names)} whisker: 95 % interval</span>'
    spoken = " ".join(f"{name}: {alt_text(release)}" for name, release in zip(names, releases, strict=True))
    tables = details(numbers(first, names[0]) + numbers(second, names[1]))
    return (
        framed(heading, charts.pairs(first, second), spoken)
        + hidden(first, names[0])
        + hidden(second, names[1])
        + tables
    )


def slopes(releases: Sequence[Release], options: Options) -> str:
    """One number of a cohort and of those it is compared with, before and after.

    ``releases`` are the cohort's before and after, then the others'; each a share, ratio or mean of a single cell.
    """
    from privacy_analytics.figures import charts

    if len(releases) != 4 or any(len(release.cells) != 1 for release in releases):
        raise UsageError("slopes takes four single numbers: the cohort's before and after, then the others'.")
    groups: list[Pair] = [(releases[0], releases[1]), (releases[2], releases[3])]
    changed = [changes(after, before) for before, after in groups]
    if releases[0].unit not in ("share", "ratio", "mean") or len({release.unit for release in releases}) > 1:
        raise UsageError("slopes takes four shares, four ratios or four means.")
    names = _names(options)
    if len({(release.month, before.month) for before, release in groups}) > 1:
        raise UsageError("slopes takes the same two months of both groups.")
    months = [month_words(release.month) for release in groups[0]]
    title = f"<strong>{escape(options.get('title') or 'Before and after')}</strong>"
    if any(not release.shown for release in releases):
        return f'<p>{title}</p><p class="note">Too few accounts to compare.</p>'
    said = [f"{name}: {_moved(pair, each)}." for name, pair, each in zip(names, groups, changed, strict=True)]
    said.append(_apart(groups))
    caption = f'{title}<span class="note">{legend(names)} whisker: 95 % interval</span>'
    lines = "".join(f"<li>{escape(line)}</li>" for line in said)
    drawing = framed(caption, charts.slopes(groups, months), " ".join((*months, *said)))
    return (
        f'{drawing}<ul class="changes">{lines}</ul>'
        '<p class="note">A difference goes with the group; it need not be caused by what defines it.</p>'
        + details(_both(groups, names, changed))
    )


def stacked(releases: Sequence[Release], options: Options) -> str:
    """The parts of one whole as one bar, the smallest of them together; takes accounts that are in one cell each."""
    from privacy_analytics.figures import charts

    counted = one(releases)
    bounded = counted.mechanism.per_account if counted.mechanism else 0
    if counted.unit != "accounts" or bounded != 1 or len(counted.by) != 1:
        raise UsageError("Accounts may be in several of these cells, so they are no parts of a whole. Use bars.")
    parts = arithmetic.share(counted, of=arithmetic.add(counted))
    if not parts.shown:
        return f'<p>{headed(counted, options)}</p><p class="note">Nothing here is large enough to be shown.</p>'
    month = month_words(counted.month)
    caption = f'{headed(counted, options)}<span class="note">{month} · the whole bar: accounts counted here</span>'
    table = details(numbers(parts, "Parts of the whole"))
    return framed(caption, charts.stacked(parts), alt_text(parts)) + hidden(counted) + table


def _names(options: Options) -> list[str]:
    names = list(options.get("names", _GROUPS))
    if len(names) != 2:
        raise UsageError("names are two: the cohort's, then that of those it is compared with.")
    return names


def legend(names: Sequence[str]) -> str:
    """Which of two colours is whose."""
    return "".join(
        f'<span class="key {role}">{escape(name)}</span>' for name, role in zip(names, ("mark", "other"), strict=True)
    )


def _moved(pair: Pair, changed: Changes) -> str:
    """``"34.1 % before, 39.2 % after: +5.1 points (+3.0 to +7.2) on September"``."""
    before, after = (show(release.cells[0], measure(release)) for release in pair)
    return f"{before} before, {after} after: {changed.line()}"


def _apart(groups: Sequence[Pair]) -> str:
    """By how much more the first group changed than the second."""
    first, second = (minus(after.cells[0], before.cells[0], wider=_FOUR) for before, after in groups)
    cell = minus(first, second, wider=1.0)
    said = difference(cell, in_points(groups[0][0]))
    if not clear(cell):
        return f"Between the two changes there is no clear difference: {said}."
    return f"The first group changed by clearly {'more' if cell.value > 0 else 'less'} than the second: {said}."


def _both(groups: Sequence[Pair], names: Sequence[str], changed: Sequence[Changes]) -> str:
    heads = ("Group", *(month_words(release.month) for release in groups[0]), "Change")
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_number, pair))}<td>{each.said(())}</td></tr>'
        for name, pair, each in zip(names, groups, changed, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _number(release: Release) -> str:
    cell, how = release.cells[0], measure(release)
    return f'<td class="n">{show(cell, how)}<span class="note">{interval(cell, how)}</span></td>'

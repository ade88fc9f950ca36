"""Releases as prose: a title, one quotable sentence, the text that stands for a picture."""

from __future__ import annotations

import math
from itertools import pairwise

from privacy_analytics.dp.releases import Z95, Cell, Release, half_width
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.clauses import at_most, averaged, came, did, had, per, tail, when, where
from privacy_analytics.figures.format import (
    capital,
    error,
    interval,
    is_bin,
    key_words,
    month_words,
    months_words,
    part_words,
    show,
)
from privacy_analytics.figures.measures import (
    behind,
    column_heading,
    covered,
    heading,
    measure,
    rows,
    summarised,
)

PROVISIONAL = "provisional: files of the month were still missing when it was read"
"""What is said wherever the snapshot of an incomplete month is named; no number with it."""
TIME = ("day", "week", "month")
_FEW = 4
"""Quantiles that an alternative text tells one by one."""


def title(release: Release) -> str:
    """A heading for a release that was given none: ``"Accounts by feature"``."""
    by = ["hour of the day" if name == "hour" else column_heading(name) for name in release.by if name != "quantile"]
    kind, what = release.question.get("kind"), _what(release)
    if kind == "retention" and by:
        return f"Accounts active in the weeks after {came(release)[1]}"
    if kind == "top_keys" and by:
        return "Most common phrases"
    if kind == "histogram" and by:
        by[-1] = f"their {summarised(release) or 'number of'} {heading(release)}{per(release)}"
    if grain := averaged(release):
        return f"{what}{grain}"
    if by:
        return f"{what} by {' and '.join(by)}"
    return what if release.by else f"{what} in {month_words(release.month)}"


def definition(release: Release) -> str:
    """How an account's rows became one number before they were averaged or ranked; empty where they did not."""
    of = summarised(release) or "number"
    return {
        "mean": f"over accounts with {rows(release)}, the mean of each one's {of}",
        "quantile": f"accounts with {rows(release)} by their {of}",
    }.get(release.unit, "")


def sentence(release: Release, *, key: tuple[str, ...] | None = None, says: str | None = None) -> str:
    """One quotable sentence with its interval; of a release with keys, of the largest cell unless one is named.

    ``says`` replaces what was counted: ``sentence(r, says="accounts finished a mix")``, of a share
    ``says="of all accounts used Mix Assist"``, of a change ``says="the number of active accounts"``.
    """
    cell = _chosen(release, key)
    if cell is None:
        return f"Too few accounts to show a number for {month_words(release.month)}."
    unit, month = release.unit, month_words(release.month)
    if unit == "change":
        what = says or f"the count{f' for {key_words(cell.key, release.by)}' if cell.key else ''}"
        return _difference(release, cell, what, month)
    caution = ", a rough value" if cell.status == "unreliable" else ""
    amount = show(cell, measure(release)) + behind(release)
    spread = f"({error(cell, measure(release))}{' points' if unit == 'share' else ''})"
    if says:
        return f"About {amount} {spread} {says} in {month}{caution}."
    number = f"about {amount} {spread}"
    if release.question.get("kind") == "retention" and len(cell.key) == 2:
        cohort, week = (part_words(part, name) for part, name in zip(cell.key, release.by, strict=True))
        said = f"of the accounts that {came(release)[0]} in {cohort}, {number} were active {week}{where(release)}"
    elif unit == "mean":
        said = f"on average over accounts, {had(release, number)}{tail(release, cell)}"
    elif unit == "quantile":
        who = part_words(cell.key[-1], "quantile")
        said = f"{who} had {at_most(release, number)}{tail(release, cell)}"
    elif unit == "ratio":
        said = f"the ratio was {number}{tail(release, cell)}"
    else:
        said = f"{number} {did(release, cell, unit)}{averaged(release)}{when(release)}"
    return f"{capital(said)}{caution}."


def alt_text(release: Release) -> str:
    """What a picture of the release shows: what is counted, lowest, highest, trend, accuracy."""
    shown = release.shown
    head = title(release) + (f", {months_words(covered(release))}" if release.by else "")
    hidden = len(release.cells) - len(shown)
    if not shown:
        return f"{head}. Every value is too small to show."
    low, high = (pick(shown, key=lambda cell: cell.value) for pick in (min, max))
    parts = [head]
    if len(shown) == 1:
        parts.append(f"{show(low, measure(release))}, {error(low, measure(release))}")
    elif release.unit == "quantile" and len(shown) <= _FEW:
        parts += [_named(release, cell) for cell in shown]
    else:
        parts.append(f"Highest {_named(release, high)}")
        parts.append(f"Lowest {_named(release, low)}")
        if release.by and release.by[0] in TIME and len(release.by) == 1:
            parts.append(_trend(shown))
    if hidden:
        parts.append(f"{hidden} of {len(release.cells)} values are too small to show")
    return ". ".join(parts) + ". Intervals hold the value without noise in 95 of 100 cases."


def series(release: Release) -> list[list[Cell]]:
    """Neighbouring cells that are shown, in runs: a suppressed one leaves a gap."""
    runs: list[list[Cell]] = [[]]
    for cell in release.cells:
        if cell.status == "suppressed":
            runs.append([])
        else:
            runs[-1].append(cell)
    return [run for run in runs if run]


def is_sorted_time(release: Release) -> bool:
    """Whether the release is a line over time: one time key, in order."""
    keys = [cell.key for cell in release.cells]
    return len(release.by) == 1 and release.by[0] in TIME and all(a < b for a, b in pairwise(keys))


def has_order(release: Release) -> bool:
    """Whether the keys have an order of their own, as bins and quantiles have: it is kept when they are drawn."""
    return release.unit == "quantile" or any(is_bin(part) for cell in release.cells[:1] for part in cell.key)


def chosen_key(release: Release, key: str | list[str] | None) -> tuple[str, ...] | None:
    """A key option as a key of this release. Raises UsageError where the release has no keys."""
    if key is None:
        return None
    if not release.by:
        raise UsageError("This release has one number and no keys. Leave `key` out.")
    return (key,) if isinstance(key, str) else tuple(key)


def _chosen(release: Release, key: tuple[str, ...] | None) -> Cell | None:
    if key is not None:
        cell = release[key]
        return None if cell.status == "suppressed" else cell
    if release.unit == "quantile":
        return next(iter(release.shown), None)
    return max(release.shown, key=lambda cell: cell.value, default=None)


def _what(release: Release) -> str:
    """What the numbers of a release are, as a title begins."""
    head, each = capital(heading(release)), per(release) or " per account"
    return {
        "accounts": "Accounts",
        "share": "Share",
        "ratio": "Ratio",
        "change": "Change",
        "rows": capital(rows(release)),
        "sum": f"Total {heading(release)}",
        "mean": f"Mean {heading(release)}{each}",
        "quantile": f"{head}{each}",
    }[release.unit]


def _difference(release: Release, cell: Cell, what: str, when: str) -> str:
    span = interval(cell, measure(release))
    if cell.low <= 0 <= cell.high:
        between = span.replace(" to ", " and ")
        return f"There is no clear difference in {what} in {when}: the change lies between {between}."
    direction = "rose" if cell.value > 0 else "fell"
    return f"In {when}, {what} {direction} by about {show(cell, measure(release)).lstrip('+−')} (interval {span})."


def _named(release: Release, cell: Cell) -> str:
    words, how = key_words(cell.key, release.by), measure(release)
    return f"{capital(words)} with {show(cell, how)} ({error(cell, how)})"


def _trend(shown: tuple[Cell, ...]) -> str:
    """First third against last third, in the noise of their means."""
    third = max(1, len(shown) // 3)
    first, last = shown[:third], shown[-third:]
    difference = sum(cell.value for cell in last) / third - sum(cell.value for cell in first) / third
    noise = math.sqrt(sum((half_width(cell) / Z95) ** 2 for cell in (*first, *last))) / third
    if abs(difference) <= 2 * noise:
        return "No clear trend from the first third to the last"
    return (
        "Higher in the last third than in the first" if difference > 0 else "Lower in the last third than in the first"
    )

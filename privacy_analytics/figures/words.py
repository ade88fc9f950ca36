"""Releases as prose: a title, one quotable sentence, the text that stands for a picture."""

from __future__ import annotations

import math
from itertools import pairwise

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.format import column_words, error, interval, key_words, measure, month_words, show

TIME = ("day", "week", "month")
_DID = {
    "accounts": "were registered",
    "chats": "started a conversation",
    "messages": "exchanged messages with the assistant",
    "events": "used the assistant",
    "sessions": "had a session",
    "performance": "reported response times",
    "crashes": "saw a crash",
    "support": "wrote to support",
}
_ROWS = {
    "accounts": "registrations",
    "chats": "conversations",
    "performance": "measurements",
    "support": "support requests",
}
_USED = {"feature": "used {}", "os": "worked on {}", "host": "worked in {}", "browser": "worked in {}"}


def title(release: Release) -> str:
    """A heading for a release that was given none: ``"Accounts by feature"``."""
    unit = measure(release)
    noun = {"accounts": "Accounts", "share": "Share", "ratio": "Ratio", "change": "Change"}.get(unit) or _rows(
        release
    ).capitalize()
    by = " and ".join(map(column_words, release.by))
    return f"{noun} by {by}" if by else f"{noun} in {month_words(release.month)}"


def sentence(release: Release, *, key: tuple[str, ...] | None = None, says: str | None = None) -> str:
    """One quotable sentence with its interval; of a release with keys, of the largest cell unless one is named.

    ``says`` replaces what was counted: ``sentence(r, says="accounts finished a mix")``, of a share
    ``says="of all accounts used Mix Assist"``, of a change ``says="the number of active accounts"``.
    """
    when = month_words(release.month)
    cell = _chosen(release, key)
    if cell is None:
        return f"Too few accounts to show a number for {when}."
    unit = measure(release)
    if unit == "change":
        return _difference(cell, says or f"the count{f' for {key_words(cell.key)}' if cell.key else ''}", when)
    spread = f"({error(cell, unit)}{' points' if unit == 'share' else ''})"
    caution = ", a rough value" if cell.status == "unreliable" else ""
    return f"About {show(cell, unit)} {spread} {says or _did(release, cell, unit)} in {when}{caution}."


def alt_text(release: Release) -> str:
    """What a picture of the release shows: what is counted, lowest, highest, trend, accuracy."""
    unit = measure(release)
    shown = release.shown
    head = title(release) + (f", {month_words(release.month)}" if release.by else "")
    hidden = len(release.cells) - len(shown)
    if not shown:
        return f"{head}. Every value is too small to show."
    low, high = (pick(shown, key=lambda cell: cell.value) for pick in (min, max))
    parts = [head]
    if len(shown) == 1:
        parts.append(f"{show(low, unit)}, {error(low, unit)}")
    else:
        parts.append(f"Highest {_named(high, unit)}")
        parts.append(f"Lowest {_named(low, unit)}")
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


def _chosen(release: Release, key: tuple[str, ...] | None) -> Cell | None:
    if key is not None:
        cell = release[key]
        return None if cell.status == "suppressed" else cell
    return max(release.shown, key=lambda cell: cell.value, default=None)


def _did(release: Release, cell: Cell, unit: str) -> str:
    """What was counted. A derived value no longer knows its filters, so without ``says`` it claims little."""
    key = key_words(cell.key)
    if unit == "rows":
        return f"{_rows(release)}{f' ({key})' if key else ''} were counted{_narrowed(release)}"
    if unit == "ratio":
        return f"{_rows(release)} an account{f' ({key})' if key else ''}"
    if not cell.key:
        return (
            "of those counted"
            if unit == "share"
            else f"accounts {_DID.get(release.table, 'were counted')}{_narrowed(release)}"
        )
    who = "accounts" if unit == "accounts" else "of the accounts counted"
    did = _USED.get(release.by[0], "are under {}") if len(release.by) == 1 else "are under {}"
    return f"{who} {did.format(key)}{_narrowed(release)}"


def _narrowed(release: Release) -> str:
    """The filter and the cohort of the question, so that no sentence claims more than was counted."""
    where = [", ".join(key_words((value,)) for value in values) for _, values in release.question.get("where") or []]
    cohort = release.question.get("cohort")
    said = f" ({'; '.join(where)})" if where else ""
    return said + (f", among adopters of {key_words((cohort['feature'],))}," if cohort else "")


def _difference(cell: Cell, what: str, when: str) -> str:
    span = interval(cell, "change")
    if cell.low <= 0 <= cell.high:
        between = span.replace(" to ", " and ")
        return f"There is no clear difference in {what} in {when}: the change lies between {between}."
    direction = "rose" if cell.value > 0 else "fell"
    return f"In {when}, {what} {direction} by about {show(cell, 'change').lstrip('+−')} (interval {span})."


def _rows(release: Release) -> str:
    return _ROWS.get(release.table, release.table)


def _named(cell: Cell, unit: str) -> str:
    return f"{key_words(cell.key)} with {show(cell, unit)} ({error(cell, unit)})"


def _trend(shown: tuple[Cell, ...]) -> str:
    """First third against last third, in the noise of their means."""
    third = max(1, len(shown) // 3)
    first, last = shown[:third], shown[-third:]
    difference = sum(cell.value for cell in last) / third - sum(cell.value for cell in first) / third
    noise = math.sqrt(sum(cell.sigma**2 for cell in (*first, *last))) / third
    if abs(difference) <= 2 * noise:
        return "No clear trend from the first third to the last"
    return (
        "Higher in the last third than in the first" if difference > 0 else "Lower in the last third than in the first"
    )


def is_sorted_time(release: Release) -> bool:
    """Whether the release is a line over time: one time key, in order."""
    keys = [cell.key for cell in release.cells]
    return len(release.by) == 1 and release.by[0] in TIME and all(a < b for a, b in pairwise(keys))


def chosen_key(release: Release, key: str | list[str] | None) -> tuple[str, ...] | None:
    """A key option as a key of this release. Raises UsageError where the release has no keys."""
    if key is None:
        return None
    if not release.by:
        raise UsageError("This release has one number and no keys. Leave `key` out.")
    return (key,) if isinstance(key, str) else tuple(key)

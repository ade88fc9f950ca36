"""Releases as prose: a title, one quotable sentence, the text that stands for a picture."""

from __future__ import annotations

import math
from itertools import pairwise

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.format import column_words, error, interval, key_words, month_words, show

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
_USED = {
    "feature": "used {}",
    "os": "worked on {}",
    "host": "worked in {}",
    "browser": "worked in {}",
    "topic": "asked about {}",
    "code": "saw the crash {}",
}


def title(release: Release) -> str:
    """A heading for a release that was given none: ``"Accounts by feature"``."""
    unit = release.unit
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
    cell = _chosen(release, key)
    if cell is None:
        return f"Too few accounts to show a number for {month_words(release.month)}."
    unit = release.unit
    if unit == "change":
        what = says or f"the count{f' for {key_words(cell.key)}' if cell.key else ''}"
        return _difference(cell, what, month_words(release.month))
    spread = f"({error(cell, unit)}{' points' if unit == 'share' else ''})"
    caution = ", a rough value" if cell.status == "unreliable" else ""
    said = f"{says} in {month_words(release.month)}" if says else f"{_did(release, cell, unit)}{_when(release)}"
    return f"About {show(cell, unit)} {spread} {said}{caution}."


def alt_text(release: Release) -> str:
    """What a picture of the release shows: what is counted, lowest, highest, trend, accuracy."""
    unit = release.unit
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
    if unit == "rows":
        return f"{_rows(release)} were counted{_where(release)}{_among(release)}{_at(release, cell)}"
    if unit == "ratio":
        return f"{_rows(release)} an account{_at(release, cell)}"
    who = f"adopters of {_cohort(release)}" if _cohort(release) else "accounts"
    if unit == "share":
        who = f"of the {who} counted"
    did = _DID.get(release.table, "were counted")
    if len(release.by) == 1 and release.by[0] in _USED:
        return f"{who} {_USED[release.by[0]].format(key_words(cell.key))}{_where(release)}"
    if unit == "share" and not cell.key:
        return who
    return f"{who} {did}{_where(release)}{_at(release, cell)}"


def _at(release: Release, cell: Cell) -> str:
    """The cell's key as an adverb."""
    if not cell.key:
        return ""
    if release.by == ("day",):
        return f" on {key_words(cell.key)}"
    return f" in {key_words(cell.key)}" if release.by == ("week",) else f" under {key_words(cell.key)}"


def _when(release: Release) -> str:
    """The month, unless a day has said it; weeks are cut at its ends."""
    if release.by == ("day",):
        return ""
    return f" {'within' if release.by == ('week',) else 'in'} {month_words(release.month)}"


def _where(release: Release) -> str:
    """The filter of the question, so that no sentence claims more than was counted."""
    where = [", ".join(key_words((value,)) for value in values) for _, values in release.question.get("where") or []]
    return f" ({'; '.join(where)})" if where else ""


def _among(release: Release) -> str:
    return f" among adopters of {_cohort(release)}" if _cohort(release) else ""


def _cohort(release: Release) -> str:
    cohort = release.question.get("cohort")
    return key_words((cohort["feature"],)) if cohort else ""


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

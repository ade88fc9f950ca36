"""What a sentence about a release is made of: who did what, of which rows, under which key, when."""

from __future__ import annotations

from collections.abc import Mapping

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import column_words, is_bin, key_words, month_words, part_words, plain
from privacy_analytics.figures.measures import column_amount, measure, measured_in, noun, one_row, rows, summarised

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
_USED = {
    "feature": "used {}",
    "os": "worked on {}",
    "host": "worked in {}",
    "browser": "worked in {}",
    "topic": "asked about {}",
    "code": "saw the crash {}",
}
_WITH = {"os": "on", "host": "in", "browser": "in", "feature": "with", "topic": "about", "country": "in"}


def came(release: Release) -> tuple[str, str]:
    """How a cohort came, and the week of it."""
    signup = release.question.get("cohort_by") == "signup"
    return ("registered", "registration") if signup else ("were first active that month", "the month's first activity")


def had(release: Release, number: str) -> str:
    """Of what an account's mean or total is a number."""
    of = summarised(release)
    if not of:
        return f"an account had {number}"
    which = f"{of} {noun(release)}" if measure(release).symbol else of
    return f"an account's {which} was {number}{per(release)}"


def at_most(release: Release, number: str) -> str:
    return f"{_of(release)}at most {number}{per(release)}"


def _of(release: Release) -> str:
    """What a single account's number is: ``a mean of``, ``a total duration of``; nothing where rows are counted."""
    of = summarised(release)
    named = "" if measured_in(release) == f" {noun(release)}" else f" {noun(release)}"
    return f"a {of}{named} of " if of else ""


def per(release: Release) -> str:
    """Of what each account's mean is: `` per session``."""
    return f" per {one_row(release)}" if summarised(release) == "mean" else ""


def tail(release: Release, cell: Cell) -> str:
    """Whose rows, which key, when."""
    return f"{where(release)}{_among(release)}{_adverbs(cell.key, release.by)}{when(release)}"


def did(release: Release, cell: Cell, unit: str) -> str:
    """What was counted. A derived value no longer knows its filters, so without ``says`` it claims little."""
    if unit == "sum":
        of = f"of {noun(release)} " if measure(release).symbol else ""
        inside = "" if noun(release) == rows(release) else f" in {rows(release)}"
        return f"{of}were counted{inside}{where(release)}{_among(release)}{_adverbs(cell.key, release.by)}"
    if unit == "rows":
        return f"{rows(release)} were counted{where(release)}{_among(release)}{_adverbs(cell.key, release.by)}"
    counted = who(release)
    if unit == "share":
        counted = f"of the {counted} counted"
    done = _DID.get(release.table, "were counted")
    if release.question.get("kind") == "histogram" and cell.key:
        said = f"{counted} had {_of(release)}{part_words(cell.key[-1], '')}{measured_in(release)}{per(release)}"
        return f"{said}{where(release)}{_adverbs(cell.key[:-1], release.by[:-1])}"
    if release.by == ("phrase",):
        return f"{counted} had {rows(release)} with {key_words(cell.key, release.by)}{where(release)}"
    if len(release.by) == 1 and release.by[0] in _USED and not is_bin(cell.key[0]):
        return f"{counted} {_USED[release.by[0]].format(key_words(cell.key, release.by))}{where(release)}"
    if unit == "share" and not cell.key:
        return counted
    return f"{counted} {done}{where(release)}{_adverbs(cell.key, release.by)}"


def _adverbs(key: tuple[str, ...], by: tuple[str, ...]) -> str:
    """A key as adverbs, the time last."""
    plainly: list[str] = []
    timed: list[str] = []
    for part, name in zip(key, by, strict=True):
        words = part_words(part, name)
        if name == "day":
            timed.append(f" on {words}")
        elif name == "week":
            timed.append(f" in {words}")
        elif name == "hour":
            timed.append(f" from {words}")
        elif is_bin(part):
            plainly.append(f" with {column_amount(words, name)}")
        elif name != "quantile":
            plainly.append(f" {_WITH.get(name, 'under')} {words}")
    return "".join((*plainly, *timed))


def averaged(release: Release) -> str:
    """Over what a count was averaged: `` on an average day``; nothing where it was not."""
    if release.question.get("op") != "average":
        return ""
    grain = "".join(str(step) for step in release.question.get("by") or [] if isinstance(step, str))
    return {"day": " on an average day", "week": " in an average week"}.get(grain, " on average over what it is by")


def when(release: Release) -> str:
    """The month, unless a day has said it; weeks are cut at its ends."""
    if "day" in release.by:
        return ""
    return f" {'within' if 'week' in release.by else 'in'} {month_words(release.month)}"


def where(release: Release) -> str:
    """The filter of the question, so that no sentence claims more than was counted."""
    said: list[str] = []
    for column, values in release.question.get("where") or []:
        if isinstance(values, Mapping):
            ends = (("from", values["low"]), ("under", values["high"]))
            said.append(column_amount(" ".join(f"{end} {plain(at)}" for end, at in ends if at is not None), column))
        elif list(values) in (["true"], ["false"]):
            said.append(f"{'not ' * (values[0] == 'false')}{column_words(column)}")
        else:
            said.append(", ".join(part_words(value, column) for value in values))
    return f" ({'; '.join(said)})" if said else ""


def _among(release: Release) -> str:
    return f" among {who(release)}" if release.question.get("cohort") else ""

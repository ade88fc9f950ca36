"""What the numbers of a release are numbers of, in words: rows of a table, a column with its unit, accounts."""

from __future__ import annotations

import math

from privacy_analytics.dp.questions import ROWS
from privacy_analytics.dp.releases import Release
from privacy_analytics.figures.format import Measure, column_words

MEASURED = ("sum", "mean", "quantile")
"""Units whose numbers are in a column's own unit."""
_MEASURES = {
    "accounts": Measure(finest=1.0),
    "rows": Measure(finest=1.0),
    "share": Measure(" %", 100, most=1.0),
    "change": Measure(" %", 100, least=-math.inf, signed=True),
    "ratio": Measure(),
}
_SYMBOLS = {"ms": "ms", "s": "s", "mb": "MB"}
"""Units at the end of a column's name that are written as a symbol; words such as minutes stay words."""
_ROWS = {
    "accounts": "registrations",
    "chats": "conversations",
    "performance": "measurements",
    "support": "support requests",
}
_ONE = {"crashes": "crash"}


def measure(release: Release) -> Measure:
    """How the release's numbers are printed."""
    if release.unit not in MEASURED:
        return _MEASURES[release.unit]
    bounds = release.mechanism.bounds if release.mechanism else None
    symbol = _split(_column(release))[1]
    return Measure(
        symbol=f" {symbol}" if symbol else "",
        least=0.0 if bounds and bounds[0] >= 0 else -math.inf,
        chosen=release.unit == "quantile",
    )


def months(release: Release) -> list[str]:
    """The months that the release reads, oldest first; each of them was charged."""
    return list(release.question.get("reads") or [release.month])


def covered(release: Release) -> list[str]:
    """The months whose rows are counted: cohorts may be decided by another month, too."""
    return months(release) if release.question.get("kind") == "retention" else [release.month]


def rows(release: Release) -> str:
    """What a row of the table is, in the plural: ``"sessions"``."""
    return _ROWS.get(release.table, release.table)


def one_row(release: Release) -> str:
    """What one row of the table is: ``"session"``."""
    return _ONE.get(release.table) or rows(release).removesuffix("s")


def noun(release: Release) -> str:
    """What the release's column is called: ``"minutes"``; of ``duration_ms`` ``"duration"``; the rows themselves."""
    return rows(release) if release.question.get("column") == ROWS else _split(_column(release))[0]


def heading(release: Release) -> str:
    """The release's column with its unit, for a table: ``"minutes"``, ``"duration (ms)"``."""
    return rows(release) if release.question.get("column") == ROWS else column_heading(_column(release))


def column_heading(name: str) -> str:
    """A column with its unit: ``"minutes"``, ``"duration (ms)"``, ``"plan tier"``."""
    words, symbol = _split(name)
    return f"{words} ({symbol})" if symbol else words


def column_amount(text: str, name: str) -> str:
    """An amount of a column: ``"under 5 minutes"``, ``"duration under 100 ms"``."""
    words, symbol = _split(name)
    return f"{words} {text} {symbol}" if symbol else f"{text} {words}"


def measured_in(release: Release) -> str:
    """The unit of the release's column, behind a number: `` minutes``, `` ms``."""
    return f" {_split(_column(release))[1] or noun(release)}"


def behind(release: Release) -> str:
    """What stands behind a printed number in prose: `` minutes``, or nothing where it has a symbol already."""
    return "" if release.unit not in MEASURED or measure(release).symbol else f" {noun(release)}"


def summarised(release: Release) -> str:
    """What each account was summarised to: its ``"mean"``, its ``"total"``, or ``""`` where its rows were counted."""
    of = release.question.get("of")
    return of if isinstance(of, str) and release.question.get("column") != ROWS else ""


def _column(release: Release) -> str:
    return str(release.question.get("column", ""))


def _split(name: str) -> tuple[str, str]:
    """The words of a column and the symbol of its unit, which may be empty."""
    head, _, last = name.rpartition("_")
    return (column_words(head), _SYMBOLS[last]) if head and last in _SYMBOLS else (column_words(name), "")

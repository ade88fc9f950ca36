"""What marketing reads before it quotes: a persona made of separate statistics, and how the numbers were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import capital, error, key_words, month_words, show
from privacy_analytics.figures.measures import column_heading, covered, measure

Options = Mapping[str, Any]
_GEAR = frozenset(("host", "os", "browser", "device", "main_effect"))
_COMPOSITE = "Composite of separate statistics. No real person is like this, and nobody was looked up."
_NOISE = (
    "Random noise was added to every number once, before anybody saw it. Its interval holds the value without noise in "
    "at least 95 of 100 cases."
)
_UNSAID = (
    "That one thing caused another; that there is a difference where the page says that none is clear; a number "
    "without its “about”; anything about a single person."
)


def persona(releases: Sequence[Release], options: Options) -> str:
    """The most common key of each of several releases; the two most common where no one is clearly ahead.

    Raises
    ------
    UsageError
        a release has not one key, or the traits together are gear, genre and country, which might point at somebody
    """
    if len(releases) < 2 or any(
        len(release.by) != 1 or release.unit not in ("accounts", "share") for release in releases
    ):
        raise UsageError("A persona is made of two or more counts or shares of accounts, each by one column.")
    columns = {release.by[0] for release in releases}
    if columns & _GEAR and {"genre", "country"} <= columns:
        raise UsageError("Gear, genre and country together might point at somebody. Leave one of them out.")
    labels = list(options.get("labels", ())) or [capital(column_heading(release.by[0])) for release in releases]
    if len(labels) != len(releases):
        raise UsageError("A persona needs one label a release, or none at all.")
    traits = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{_trait(release)}</dd></div>"
        for label, release in zip(labels, releases, strict=True)
    )
    title = escape(options.get("title") or f"Typical of {who(releases[0])}")
    return f'<div class="box persona"><h2>{title}</h2><p class="composite">{_COMPOSITE}</p><dl>{traits}</dl></div>'


def method(releases: Sequence[Release], _options: Options) -> str:
    """Four plain lines: what was counted, who is not in it, how noise was added, what may not be said."""
    if not releases:
        raise UsageError("A method note describes releases: give it those that the page shows.")
    months = sorted({month for release in releases for month in covered(release)})
    groups = sorted({who(release) for release in releases} - {"accounts"})
    floor = max(release.floor for release in releases)
    counted = (
        f"What accounts did in {' and '.join(map(month_words, months))}. An account counts once in a number of "
        "accounts, and in a number of anything else as often as the bound beside it says."
    )
    counted += f" Groups: {', '.join(groups)}." if groups else ""
    out = " that opted out or" if any(release.population != "all" for release in releases) else ""
    missing = (
        f"Accounts{out} that were erased before the month was counted, rows without an account, and numbers that may "
        f"be below {floor}."
    )
    lines = {
        "What was counted": counted,
        "What is not in it": missing,
        "How people are protected": _NOISE,
        "What may not be said": _UNSAID,
    }
    items = "".join(f"<div><dt>{head}</dt><dd>{escape(said)}</dd></div>" for head, said in lines.items())
    return f'<dl class="method">{items}</dl>'


def _trait(release: Release) -> str:
    """``"macOS (45.2 %, ±0.8)"``, or ``"macOS or Windows"`` where their intervals meet."""
    ranked = sorted(release.shown, key=lambda cell: -cell.value)
    if not ranked:
        return "too few accounts to say"
    first, *others = ranked
    how = measure(release)
    named = [escape(capital(key_words(cell.key, release.by))) for cell in ranked[:2]]
    if not others or first.low > others[0].high:
        return f'{named[0]} <span class="note">{show(first, how)}, {error(first, how)}</span>'
    return " or ".join(named)

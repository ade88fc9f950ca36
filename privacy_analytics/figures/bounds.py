"""The bounds of a release in words, and what they could have cost: clipping is not in the error bars."""

from __future__ import annotations

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.figures.format import Measure, interval, plain, show
from privacy_analytics.figures.measures import measure, measured_in, noun, one_row, rows, summarised

_ACCOUNTS = Measure(finest=1.0)


def bounds(release: Release) -> str:
    """What one account adds at most, as a sentence or two; empty where no bound can be met."""
    does = " and ".join(filter(None, (_adds(release), _counts_in(release))))
    return " ".join(filter(None, (_clamped(release), f"An account {does}." if does else "")))


def clipped(release: Release) -> str:
    """How many accounts met a bound, as a sentence; empty where that was not counted."""
    mechanism = release.mechanism
    if mechanism is None or mechanism.clipped is None or release.question.get("op") == "add":
        return ""
    met = mechanism.clipped
    cell = Cell((), met.value, met.low, met.high, None, "ok")
    if met.low <= 0:
        most = interval(cell, _ACCOUNTS).split(" to ")[1]
        return f"Accounts that met a bound: none that the noise would show (at most about {most})."
    return (
        f"About {show(cell, _ACCOUNTS)} accounts ({interval(cell, _ACCOUNTS)}) met a bound, so that some of what they "
        "did is not in these numbers."
    )


def noise(release: Release) -> str:
    """The standard deviation of the noise in each number, in its own unit."""
    sigmas = {cell.sigma for cell in release.cells}
    sigma = sigmas.pop() if len(sigmas) == 1 else None
    if sigma is None:
        return "see the intervals"
    return f"{sigma:,.1f}{measure(release).symbol}" if sigma >= 10 else f"{sigma:.3g}{measure(release).symbol}"


def _clamped(release: Release) -> str:
    """Into what each account's number was clamped before it was averaged, ranked or binned."""
    mechanism = release.mechanism
    if mechanism is None or mechanism.bounds is None or release.unit == "sum":
        return ""
    return f"Each account's {summarised(release) or f'number of {noun(release)}'} was clamped into {_span(release)}."


def _adds(release: Release) -> str:
    mechanism, one = release.mechanism, "the number" if len(release.cells) == 1 else "each number"
    if mechanism is None or release.unit not in ("rows", "sum"):
        return ""
    what = one_row(release) if mechanism.per_cell == 1 else rows(release)
    amount = _span(release) if mechanism.bounds else f"at most {plain(mechanism.per_cell)} {what}"
    return f"adds {amount} to {one}"


def _counts_in(release: Release) -> str:
    """In how many of the numbers, where not in all of them."""
    mechanism, kind = release.mechanism, release.question.get("kind")
    if mechanism is None or not release.by:
        return ""
    if kind == "top_keys":
        return f"counts in at most {mechanism.per_account:,} phrases"
    last = kind == "histogram" or release.unit == "quantile"  # every account has one of these in each group
    groups = len({cell.key[:-1] if last else cell.key for cell in release.cells})
    if mechanism.per_account >= groups:
        return ""
    return f"counts in at most {mechanism.per_account:,} of {groups:,} {'groups' if last else 'numbers'}"


def _span(release: Release) -> str:
    low, high = release.mechanism.bounds if release.mechanism and release.mechanism.bounds else (0.0, 0.0)
    return f"{plain(low)} to {plain(high)}{measured_in(release)}"

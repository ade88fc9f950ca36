"""The fact sheet at the end of every report, and the list of what this month was too small for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.bounds import bounds, clipped, noise
from privacy_analytics.figures.format import month_words
from privacy_analytics.figures.measures import months
from privacy_analytics.figures.words import PROVISIONAL, title
from privacy_analytics.scrub.card import quoted

_TRUST = {
    "embedded": "Everything ran as one user of one machine: the session guards an honest analyst against accidents, "
    "not a curious one against the files.",
    "enforced": "Data, key and ledger belong to another user or host; the session saw released numbers only.",
}
_PROMISE = (
    "One account, with all its rows in one calendar month, is protected: whether it is in the data or not, these "
    "numbers would be almost as likely. Random noise was added once, before anybody saw them, and the answer was kept."
)
_CHECKED = (
    "Each figure was drawn again from its stored numbers and compared byte by byte before this page was published."
)
_RECORDED = (
    ("Asked first for", "purpose"),
    ("Paid from the share of", "paid_from"),
    ("Policy version", "policy"),
    ("Time zone", "timezone"),
    ("Themes", "themes"),
)
"""Facts that releases carry with them, under the names that a reader knows."""
STEPS = tuple(factor * 10**power for power in range(1, 9) for factor in (1, 2, 3, 5))


def bucket(accounts: float) -> int:
    """A number of accounts rounded up to 1, 2, 3 or 5 times a power of ten: all that a list of unshown blocks says."""
    return next((step for step in STEPS if step >= accounts), STEPS[-1])


def not_shown(_releases: Sequence[Release], options: Mapping[str, Any]) -> str:
    """Blocks that this month is too small for, and from about how many accounts on they appear; or that lack a month.

    The numbers are a forecast from the plan, no statistic of the data; they come in the steps of ``bucket``.
    """
    blocks: list[dict[str, Any]] = options.get("blocks", [])
    if not blocks:
        return '<p class="note">Every block that was planned is shown.</p>'
    if options.get("beside"):
        said = "; ".join(f"{block['name']}, {_from(block['needs'])}" for block in blocks)
        return f'<p class="note">Not shown this month: {escape(said)}.</p>'
    items = "".join(f"<li>{escape(block['name'])}: {_from(block['needs'])}</li>" for block in blocks)
    return f'<p>Not shown this month:</p><ul class="unshown">{items}</ul>'


def privacy_box(releases: Sequence[Release], _options: Mapping[str, Any]) -> str:
    """What was promised, what it cost and what was done to each number, from the releases' own records."""
    if not releases:
        raise UsageError("A privacy box describes releases: give it those that the report shows.")
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(said)}</dd></div>" for name, said in _facts(releases))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Release", "Noise (standard deviation)", "rho"))
    rows = "".join(_row(release) for release in _unique(releases) if release.mechanism)
    return (
        f'<div class="box"><h2>How these numbers protect people</h2><p>{_PROMISE}</p><dl>{facts}</dl>'
        "<p>Error bars cover noise; the bounds are printed beside them because clipping bias is not in the bar.</p>"
        f"<details><summary>Noise and bounds of each number</summary><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></details></div>"
    )


def _facts(releases: Sequence[Release]) -> list[tuple[str, str]]:
    recorded: Mapping[str, Any] = releases[0].recorded or {}
    charged = sorted({month for release in releases for month in months(release)})
    spent = sum(release.nano_rho for release in _unique(releases)) / 1e9
    delta = sum(release.delta for release in _unique(releases)) / 1e15
    facts = [("Months", ", ".join(map(month_words, charged)))]
    if "epsilon" in recorded and "delta" in recorded:
        loss = f"ε {recorded['epsilon']:g} at δ {_power(recorded['delta'])}"
        ceiling = f"{loss} for one account in one month, over everything ever released about it"
        facts.append(("Privacy loss, at most", ceiling))
    thresholds = f" and δ {_power(delta)}" if delta else ""
    cost = f"rho {spent:.6f}{thresholds} (zero-concentrated differential privacy; adds up)"
    facts.append(("Spent by these numbers", cost))
    facts.append(("Snapshot", ", ".join(sorted({release.snapshot for release in releases}))))
    unfinished = {token for release in releases for token in (release.recorded or {}).get("provisional", ())}
    facts += [(token, PROVISIONAL) for token in sorted(unfinished)]
    facts.append(("Whose data", ", ".join(sorted({_population(release) for release in releases}))))
    facts.append(("Smallest number shown", f"{max(release.floor for release in releases)}, counted with its noise"))
    few, cells = (sum(len(getattr(release, of)) for release in _unique(releases)) for of in ("shown", "cells"))
    facts.append(("Too small to show", f"{cells - few:,} of {cells:,} values asked for"))
    facts.append(("Checked", _CHECKED))
    for name, key in _RECORDED:
        if known := sorted({str(each) for release in releases if (each := (release.recorded or {}).get(key))}):
            facts.append((name, ", ".join(known)))
    if recorded.get("trust") in _TRUST:
        facts.append(("Trust", _TRUST[recorded["trust"]]))
    scrubbings = (each for release in releases for each in (release.recorded or {}).get("scrubbing", ()))
    if quotes := sorted({quoted(each) for each in scrubbings}):
        found = any(release.question.get("kind") == "top_keys" for release in releases)
        read = "and read for phrases that many accounts wrote" if found else "and not read for any report"
        facts.append(("Texts", " ".join((f"Scrubbed before they were stored, {read}.", *quotes))))
    return facts


def _from(needs: int | None) -> str:
    if needs == 0:
        return "what it would have cost was lost in a crash"
    return "a month that it reads has no data, or is too small" if needs is None else f"from about {needs:,} accounts"


def _power(value: float) -> str:
    """``1e-07`` as ``10⁻⁷``, ``1.2e-09`` as ``1.2 · 10⁻⁹``."""
    digits, _, exponent = f"{value:.3e}".partition("e")
    times = "" if float(digits) == 1 else f"{float(digits):g} · "
    return times + "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _population(release: Release) -> str:
    return "all accounts" if release.population == "all" else f"accounts that have {release.population}"


def _row(release: Release) -> str:
    """A release, its noise and price; below its name the bounds, and what they could have cost."""
    said = " ".join(filter(None, (bounds(release), clipped(release)))) or "No bound could be met: nothing was cut off."
    name = f"{escape(title(release))}<br><code>{escape(release.id)}</code><br>"
    numbers = "".join(f'<td class="n">{number}</td>' for number in (noise(release), f"{release.nano_rho / 1e9:.6f}"))
    return f'<tr><th scope="row">{name}<span class="note">{escape(said)}</span></th>{numbers}</tr>'


def _unique(releases: Sequence[Release]) -> list[Release]:
    return list({release.id: release for release in releases}.values())

"""Sentences that a reader may rely on: each says the strongest thing that its interval supports, or is not said.

All sentences that are tried together share one chance to be wrong: of ``m`` each is taken at ``1 - 0.05 / m``
(Bonferroni), so that in 95 of 100 runs every one of them holds, those that were picked for being clear included.
A *claim* is a form, a tree of counts (``dp.corrected``) and the words for what was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, cast

from privacy_analytics.dp.corrected import Estimate, Tree, estimate
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.estimates import LEVEL, TIMES, Verdict, likely, moved, number, span, tells
from privacy_analytics.figures.format import Measure, capital, month_words, part_words

MISS = 0.05
MOST = 5
"""Sentences that a summary shows."""
ABOUT, BETWEEN = 0.25, 0.6
"""How far an interval may reach from its number, as a part of it: to be called about that, and to be said at all."""
_AS = {"count": Measure(finest=1.0), "share": Measure(" %", 100, most=1.0, finest=0.1), "ratio": Measure()}

Claim = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """What a claim came to: ``clear`` and ``level`` may be quoted, ``unclear`` says that there is no clear
    difference, ``dropped`` has no text because the numbers are too small or too noisy.
    """

    verdict: Verdict
    text: str = ""


def judged(claims: Sequence[Claim], releases: Sequence[Release], offered: int | None = None) -> list[Said]:
    """The strongest wording of each claim; ``offered`` is how many were tried together, if more than these.

    Raises UsageError for a claim that does not fit its releases.
    """
    miss = MISS / max(offered or 0, len(claims), 1)
    return [_FORMS[str(claim["form"])](claim, releases, miss) for claim in claims]


def summary(releases: Sequence[Release], options: Mapping[str, Any]) -> str:
    """The first sentences that are clear; with ``everything`` also those that found no clear difference."""
    claims: list[Claim] = options["claims"]
    found = judged(claims, releases)
    shown = [said for said in found if said.verdict in ("clear", "level")]
    if options.get("everything"):
        shown = [said for said in found if said.text]
    if not shown:
        return '<p class="note">No sentence is clear enough this month to stand here.</p>'
    items = "".join(f'<li class="{said.verdict}">{escape(said.text)}</li>' for said in shown[: _most(options)])
    tried = f"{len(claims)} sentences were tried" if len(claims) > 1 else "One sentence was tried"
    note = f"{tried}; their intervals are widened so that in 95 of 100 reports all of them hold at once."
    return f'<ol class="claims">{items}</ol><p class="note">{note}</p>'


def one(releases: Sequence[Release], options: Mapping[str, Any]) -> str:
    """A single sentence, as certain as it was among all that were tried with it."""
    (said,) = judged([options["claim"]], releases, options["offered"])
    if not said.text:
        raise UsageError("This sentence is not supported by its numbers.")
    return f'<p class="said {said.verdict}">{escape(said.text)}</p>'


def check(claim: Any) -> list[str]:
    """The texts of a claim. Raises UsageError where it has not the fields of its form."""
    if not isinstance(claim, dict) or cast("dict[str, Any]", claim).get("form") not in _FORMS:
        raise UsageError(f"A claim has a form: {', '.join(_FORMS)}.")
    fields = cast("dict[str, Any]", claim)
    if set(fields) != _FIELDS or not isinstance(fields["says"], str):
        raise UsageError("This claim does not have the fields of its form.")
    if fields["as"] not in _AS:
        raise UsageError("A claim is of a count, a share or a ratio.")
    return [fields["says"]]


def single(spec: Mapping[str, Any], at: int) -> tuple[list[int], dict[str, Any]]:
    """One claim of a summary's specification by itself: which of its releases it needs, and options for ``one``."""
    claims: list[Claim] = spec["options"]["claims"]
    claim = dict(claims[at])
    needed = sorted(set(_named(claim["tree"])))
    claim["tree"] = _renamed(claim["tree"], {old: new for new, old in enumerate(needed)})
    return needed, {"claim": claim, "offered": len(claims)}


def _most(options: Mapping[str, Any]) -> int:
    return len(options["claims"]) if options.get("everything") else MOST


def _amount(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    found, how = estimate(claim["tree"], releases, miss), _AS[claim["as"]]
    if found is None or found.high - found.low > 2 * BETWEEN * found.value:
        return Said("dropped")
    close = found.high - found.low <= 2 * ABOUT * found.value
    many = f"About {number(found, how)}" if close else f"Between {span(found, how).replace(' to ', ' and ')}"
    return Said("clear", f"{many} {_says(claim, releases)} in {_month(claim['tree'], releases)}.")


def _trend(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    new, old = claim["tree"]
    found = estimate([new, old], releases, miss)
    if found is None or not tells(found):
        return Said("dropped")
    since = f"from {_month(old, releases)} to {_month(new, releases)}"
    verdict, went = moved(found)
    return Said(verdict, f"{capital(claim['says'])} {went} {since}.")


def _versus(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    group, others = claim["tree"]
    ratio = estimate([group, others], releases, miss)
    both = [estimate(part, releases, miss / 2) for part in (group, others)]  # the ratio's own counts
    if ratio is None or both[0] is None or both[1] is None or not tells(ratio):
        return Said("dropped")
    these, those = _who(group, releases), _who(others, releases)
    how = _AS[claim["as"]]
    beside = f"{number(both[0], how)} against {number(both[1], how)}"
    month = _month(group, releases)
    if claim["as"] == "ratio":
        return _as_many(claim, ratio, f"{beside}.", (these, those, month))
    if not ratio.clear:
        times = span(ratio, TIMES)
        return Said("unclear", f"In {month} there is no clear difference between {these} and {those} in how many "
                    f"{claim['says']} ({times} as likely).")  # fmt: skip
    more = likely(ratio)
    return Said("clear", f"In {month}, {these} were {more} {those} to have {claim['says']}: {beside}. "
                "The two go together; that does not say that one causes the other.")  # fmt: skip


def _as_many(claim: Claim, ratio: Estimate, beside: str, words: tuple[str, str, str]) -> Said:
    """Two numbers an account, such as sessions, beside each other."""
    these, those, month = words
    times = span(ratio, TIMES)
    if not ratio.clear:
        return Said("unclear", f"In {month} there is no clear difference between {these} and {those} in "
                    f"{claim['says']} an account ({times} as many).")  # fmt: skip
    return Said("clear", f"In {month}, {these} had {times} as many {claim['says']} an account as {those}: {beside} "
                "The two go together; that does not say that one causes the other.")  # fmt: skip


def _against(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    """A group's change beside the others' change: the difference in differences, as a ratio of ratios."""
    group, others = claim["tree"]
    ratio = estimate([group, others], releases, miss)
    if ratio is None or not tells(ratio):
        return Said("dropped")
    these, those = _who(group, releases), _who(others, releases)
    since = f"From {_month(group[1], releases)} to {_month(group[0], releases)}"
    what = f"the share of {these} that {claim['says']}"
    times = span(ratio, TIMES)
    if not ratio.clear:
        return Said("unclear", f"{since}, {what} did not clearly change otherwise than that of {those} ({times}).")
    way = "grew more" if ratio.low > 1 else "grew less"
    return Said("clear", f"{since}, {what} {way} than that of {those}: {times} as much. "
                "It is associated with the change, and need not be its cause.")  # fmt: skip


def _leader(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    """The key that is clearly ahead of all others; the two that are, where they cannot be told apart."""
    top, total = _of(claim["tree"])
    release = releases[top["of"]]
    miss = miss / max(len(release.cells), 1)
    found = [
        (cell, each)
        for cell in release.cells
        if (each := estimate(_part({**top, "keys": [list(cell.key)]}, total), releases, miss)) is not None
    ]
    found.sort(key=lambda pair: -pair[1].value)
    how = _AS[claim["as"]]
    for ahead in (1, 2):
        first, rest = found[:ahead], found[ahead:]
        if first and rest and first[-1][1].low > max(each.high for _, each in rest):
            named = [f"{_key(cell, release)}, {number(each, how)}" for cell, each in first]
            return Said(
                "clear", f"{capital(_says(claim, releases))} in {_month(top, releases)}: {'; then '.join(named)}."
            )
    return Said("dropped")


def _riser(claim: Claim, releases: Sequence[Release], miss: float) -> Said:
    """The key whose part clearly grew, the one that surely grew most."""
    (new, total), (old, before) = map(_of, claim["tree"])
    release = releases[new["of"]]
    miss = miss / max(len(release.cells), 1)
    known = {cell.key for cell in releases[old["of"]].cells}
    grown: list[tuple[Cell, Estimate]] = []
    for cell in release.cells:
        if cell.key in known:
            keys = {"keys": [list(cell.key)]}
            tree = [_part({**new, **keys}, total), _part({**old, **keys}, before)]
            each = estimate(tree, releases, miss)
            if each is not None and each.low > 1 + LEVEL:
                grown.append((cell, each))
    if not grown:
        return Said("dropped")
    cell, most = max(grown, key=lambda pair: pair[1].low)
    since = f"from {_month(old, releases)} to {_month(new, releases)}"
    return Said("clear", f"{_key(cell, release)}: {claim['says']} {moved(most)[1]} {since}.")


_FORMS: dict[str, Callable[[Claim, Sequence[Release], float], Said]] = {
    "amount": _amount,
    "trend": _trend,
    "versus": _versus,
    "against": _against,
    "leader": _leader,
    "riser": _riser,
}
_FIELDS = {"form", "tree", "says", "as"}


def _says(claim: Claim, releases: Sequence[Release]) -> str:
    """The words of a claim, with whose numbers they are in place of ``{who}``."""
    return str(claim["says"]).replace("{who}", _who(claim["tree"], releases))


def _of(tree: Any) -> tuple[dict[str, Any], Tree | None]:
    """The count whose cells are looked at, and what they are a part of."""
    return (tree, None) if isinstance(tree, dict) else (tree[0], tree[1])


def _part(leaf: Tree, total: Tree | None) -> Tree:
    return leaf if total is None else [leaf, total]


def _key(cell: Cell, release: Release) -> str:
    return capital(", ".join(part_words(part, name) for part, name in zip(cell.key, release.by, strict=True)))


def _month(tree: Tree, releases: Sequence[Release]) -> str:
    return month_words(releases[next(_named(tree))].month)


def _who(tree: Tree, releases: Sequence[Release]) -> str:
    return who(releases[next(_named(tree))])


def _named(tree: Tree) -> Iterator[int]:
    """The releases of a tree by their numbers, in its order."""
    if isinstance(tree, Mapping):
        yield cast("int", tree["of"])
    else:
        for part in tree:
            yield from _named(part)


def _renamed(tree: Any, names: Mapping[int, int]) -> Any:
    if isinstance(tree, dict):
        leaf = cast("dict[str, Any]", tree)
        return {**leaf, "of": names[leaf["of"]]}
    return [_renamed(part, names) for part in tree]

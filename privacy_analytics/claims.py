"""What a report tries to say, over the blocks of its plan by name.

A *part* is a block, ``"month"``; one of its cells, ``"features:mix_assist"``; several that add up,
``"often:6 to 10|11 or more"``; the mean of its cells, ``"day:average day"``, unless it was answered by week instead;
or a pair of parts, the first divided by the second. Which wording stands is decided by the released numbers
(``figures.claims``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from privacy_analytics.dp.releases import Release

Part = str | tuple["Part", "Part"]
As = Literal["count", "share", "ratio"]
AVERAGES = {"average day": ("day",), "average week": ("week",)}
_SINCE = ("trend", "riser")
"""Forms that compare with last month."""


@dataclass(frozen=True)
class Claim:
    """A form of sentence over parts, and the words for what was counted, without a number in them."""

    form: str
    parts: tuple[Part, ...]
    says: str
    unit: As

    def blocks(self) -> Iterator[str]:
        """The blocks that it names."""
        yield from _blocks(self.parts)


def amount(part: Part, says: str, *, unit: As | None = None) -> Claim:
    """``amount("month", "accounts were active")``: "About 9,180 (9,090 to 9,270) accounts were active."."""
    return Claim("amount", (part,), says, unit or _unit(part))


def trend(part: Part, says: str) -> Claim:
    """``trend("month", "the number of active accounts")``: that it rose, fell or stayed level since last month."""
    return Claim("trend", (part,), says, "count")


def leader(block: str, says: str, *, of: str | None = None) -> Claim:
    """``leader("features", "used by most accounts", of="month")``: the key that is clearly ahead, or the two."""
    return Claim("leader", ((block, of) if of else block,), says, "share" if of else "count")


def riser(block: str, says: str, *, of: str | None = None) -> Claim:
    """``riser("features", "the share of accounts that used it", of="month")``: the key that clearly rose most."""
    return Claim("riser", ((block, of) if of else block,), says, "share" if of else "count")


def versus(group: Part, others: Part, says: str, *, unit: As = "share") -> Claim:
    """``versus(("g_export", "group"), ("o_export", "others"), "finished an export")``: how much likelier a group is."""
    return Claim("versus", (group, others), says, unit)


def against(group: tuple[Part, Part], others: tuple[Part, Part], says: str) -> Claim:
    """A group's (after, before) beside the others': whether its share changed more than theirs."""
    return Claim("against", (group, others), says, "share")


@dataclass
class Told:
    """Claims as a figure takes them: their trees, and the releases that these name."""

    now: Mapping[str, Release]
    before: Mapping[str, Release]
    """The same blocks last month, as far as they were released."""
    used: list[Release] = field(default_factory=list[Release])

    def spec(self, claim: Claim) -> dict[str, Any] | None:
        """A claim's fields for the renderer; None where one of its blocks is not among the answers."""
        months = (self.now, self.before) if claim.form in _SINCE else (self.now,)
        trees = [self._tree(part, month) for part in claim.parts for month in months]
        if any(tree is None for tree in trees):
            return None
        tree = trees if len(trees) > 1 else trees[0]
        return {"form": claim.form, "tree": tree, "says": claim.says, "as": claim.unit}

    def _tree(self, part: Part, answers: Mapping[str, Release]) -> Any:
        if isinstance(part, tuple):
            both = [self._tree(each, answers) for each in part]
            return None if None in both else both
        block, _, keys = part.partition(":")
        if block not in answers:
            return None
        if keys in AVERAGES and answers[block].by != AVERAGES[keys]:
            return None
        leaf: dict[str, Any] = {"of": self._place(answers[block])}
        if keys in AVERAGES:
            return leaf | {"mean": True}
        return leaf | ({"keys": [[key] for key in keys.split("|")]} if keys else {})

    def _place(self, release: Release) -> int:
        if release not in self.used:
            self.used.append(release)
        return self.used.index(release)


def _blocks(part: Part | tuple[Part, ...]) -> Iterator[str]:
    if isinstance(part, str):
        yield part.partition(":")[0]
    else:
        for each in part:
            yield from _blocks(each)


def _unit(part: Part) -> As:
    return "count" if isinstance(part, str) else "share"

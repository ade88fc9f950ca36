"""Which figure shows a sentence: two numbers, a group before and after, the keys among which one leads.

A sentence with a single number has none: a tile would say that number once more, with another interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import capital

Json = dict[str, Any]
COMPARED = ("versus", "trend")
"""Forms with two numbers, which are drawn with the intervals of the sentence."""


def candidates(spec: Mapping[str, Any], releases: Sequence[Release]) -> Iterator[Json]:
    """Specifications of fragments, the fittest first; not each of them can be drawn.

    ``spec`` is that of a fragment ``claim``, ``releases`` what its ``of`` evaluates to.
    """
    claim: Mapping[str, Any] = spec["options"]["claim"]
    tree, of = claim["tree"], list[Any](spec["of"])
    heading = capital(str(claim["says"]).replace("{who}", who(releases[0])))
    form = str(claim["form"])
    if form == "against":
        numbers = [_whole(part, of) for group in tree for part in reversed(group)]
        yield _fragment("slopes", numbers, names=[capital(_whose(group, releases)) for group in tree], title=heading)
        yield _fragment("slopes", numbers, title=heading)
    elif form in COMPARED:
        yield {"render": "claim_bars", "of": of, "options": dict(spec["options"])}
    elif form == "riser":
        yield _fragment("figure", [_whole(part, of) for part in tree], title=heading)
        yield _fragment("figure", [_whole(tree[0], of)], title=heading)
    elif form == "leader":
        yield _fragment("figure", [_whole(tree, of)], title=heading)
    elif _has_keys(tree):
        yield _fragment("figure", [_whole(tree, of)])
    for release, expression in zip(releases, of, strict=True):
        if release.by:
            yield _fragment("figure", [expression])


def _fragment(renderer: str, of: Sequence[Any], **options: Any) -> Json:
    return {"render": renderer, "of": list(of), "options": options}


def _whole(tree: Any, of: Sequence[Any]) -> Any:
    """The expression of a count with all its cells, or of one count as a part of another."""
    if not isinstance(tree, Mapping):
        return {"op": "share", "of": [_whole(part, of) for part in tree]}
    expression = of[tree["of"]]
    return {"op": "average", "of": [expression]} if tree.get("mean") else expression


def _has_keys(tree: Any) -> bool:
    return "keys" in tree if isinstance(tree, Mapping) else any(map(_has_keys, tree))


def _whose(tree: Any, releases: Sequence[Release]) -> str:
    while not isinstance(tree, Mapping):
        tree = tree[0]
    return who(releases[tree["of"]])

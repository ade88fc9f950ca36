"""A statistic: one supported sentence of a finished run, with the releases that it is made of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import UsageError
from privacy_analytics.exports import claim_to_json, png_of, svg_of, to_csv_together
from privacy_analytics.figures import judged, render, single, specifications
from privacy_analytics.figures.claims import Said
from privacy_analytics.figures.clauses import where
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import capital, month_words, part_words
from privacy_analytics.figures.words import title
from privacy_analytics.marketing.pictures import candidates

ID = re.compile(r"s-[0-9a-f]{10}")
QUOTABLE = ("clear", "level")
_OF_FEATURES = ("adopters", "new_adopters")


@dataclass(frozen=True)
class Statistic:
    """A sentence by its specification, that of a fragment ``claim``; everything else is computed from the store."""

    spec: Mapping[str, Any]
    store: ReleaseStore

    @cached_property
    def id(self) -> str:
        """``s-`` and ten hexadecimal digits of the SHA-256 of its canonical specification."""
        canonical = json.dumps(self.spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return f"s-{hashlib.sha256(canonical.encode()).hexdigest()[:10]}"

    @cached_property
    def releases(self) -> list[Release]:
        """What it is made of. Raises NotFound where the store has lost one."""
        return [self.store.evaluate(expression) for expression in self.spec["of"]]

    @cached_property
    def said(self) -> Said:
        """The strongest thing that may be said, among all that were tried with it."""
        options = self.spec["options"]
        return judged([options["claim"]], self.releases, options["offered"])[0]

    @property
    def quotable(self) -> bool:
        return self.said.verdict in QUOTABLE

    @property
    def sentence(self) -> str:
        """The sentence with its interval. Raises UsageError where the numbers support none that says something."""
        if not self.quotable:
            raise UsageError(
                "The numbers do not support this sentence, so there is none to quote. See: pa stats claims"
            )
        return self.said.text

    @property
    def month(self) -> str:
        """The latest month that it speaks about."""
        return max(release.month for release in self.releases)

    @property
    def cohort(self) -> str:
        """Whom it is about: ``"adopters of Mix assist"``; empty where it is about everybody."""
        return next((who(each) for each in self.releases if each.question.get("cohort")), "")

    @cached_property
    def features(self) -> list[str]:
        """Keys of the features that it is about: of its cohort, its filters, its cells, or named in the sentence."""
        found = {key for each in self.releases for key in _filtered(each)}
        for tree in _leaves(self.spec["options"]["claim"]["tree"]):
            release = self.releases[tree["of"]]
            if release.by == ("feature",):
                listed = (
                    [key for key, *_ in tree["keys"]] if "keys" in tree else [cell.key[0] for cell in release.cells]
                )
                named = "keys" in tree or self.quotable
                found |= {key for key in listed if named and ("keys" in tree or _names(self.said.text, key))}
        return sorted(found)

    @property
    def about(self) -> str:
        """Month, group and features in words; also what a search looks at beside the sentence."""
        words = [month_words(self.month), *(part_words(key, "feature") for key in self.features)]
        group = capital(self.cohort)
        return " · ".join([*words, group] if group and not self.features else words)

    @property
    def topic(self) -> str:
        """What was asked, without what came out."""
        first = self.releases[0]
        return (
            f"{title(first).removesuffix(f' in {month_words(first.month)}')}{where(first)}, {month_words(self.month)}"
        )

    @property
    def picture(self) -> dict[str, Any]:
        """The specification of the figure that shows it best; its own where there is none to show."""
        return self._shown[0]

    @property
    def drawn(self) -> str:
        """Its picture, drawn."""
        return self._shown[1]

    @cached_property
    def _shown(self) -> tuple[dict[str, Any], str]:
        for spec in candidates(self.spec, self.releases):
            try:
                if "<svg" in (drawn := render(spec, self.store)):
                    return spec, drawn
            except UsageError:  # a label with a digit, quotients that no figure takes
                continue
        return dict(self.spec), render(self.spec, self.store)

    def export(self, kind: str) -> bytes:
        """It as a file of one of ``terms.KINDS``; one without a picture is drawn as its sentence."""
        if kind == "csv":
            return to_csv_together(self.releases)
        if kind == "json":
            return claim_to_json(self.spec, self.store)
        svg = svg_of(self.picture, self.drawn)
        return png_of(svg) if kind == "png" else svg

    def notes(self) -> list[str]:
        """Its footnotes as text: one a release, its question in words, month, population, bounds, noise."""
        html = render({"render": "footnotes", "of": self.spec["of"], "options": {}}, self.store)
        return [unescape(re.sub(r"<[^>]*>", "", note)) for note in re.findall(r"<li[^>]*>(.*?)</li>", html, re.DOTALL)]

    def matches(self, words: Sequence[str]) -> bool:
        """Whether all words are in its sentence or in what it is about, in any case."""
        text = f"{self.sentence} {self.about}".lower()
        return all(word.lower() in text for word in words)


def statistics(page: str, store: ReleaseStore) -> list[Statistic]:
    """Every claim of a report page, in its order, supported or not; each as certain as it was among its fellows."""
    found: list[Statistic] = []
    for spec in specifications(page):
        if spec["render"] == "claim":
            found.append(Statistic({**spec, "options": _bare(spec["options"])}, store))
        elif spec["render"] == "claims":
            for at in range(len(spec["options"]["claims"])):
                places, options = single(spec, at)
                of = [spec["of"][place] for place in places]
                found.append(Statistic({"render": "claim", "of": of, "options": options}, store))
    return found


def _bare(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without links to a page's footnotes, which are not on another page."""
    return {name: value for name, value in options.items() if name != "sources"}


def _filtered(release: Release) -> Iterator[str]:
    cohort: Mapping[str, Any] = release.question.get("cohort") or {}
    if cohort.get("kind") in _OF_FEATURES:
        yield str(cohort["key"])
    for column, values in release.question.get("where") or []:
        if column == "feature" and not isinstance(values, Mapping):
            yield from values


def _leaves(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, Mapping):
        yield dict(tree)  # pyright: ignore[reportUnknownArgumentType]
    else:
        for part in tree:
            yield from _leaves(part)


def _names(text: str, key: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(part_words(key, 'feature'))}(?!\w)", text) is not None

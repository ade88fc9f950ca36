"""How many of the conversations labelled by hand get their theme: ``python benchmarks/themes.py [CARD]``.

Reads the rows marked ``test`` of ``data/themes_labelled.tsv``, which nothing is ever tuned on, and writes
``data/themes_card.json``, or CARD. Prints the card's figures, and how fast the classifier is.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from privacy_analytics import themes
from privacy_analytics.themes.accuracy import Share
from privacy_analytics.themes.classifier import Classifier, phrase_words
from privacy_analytics.themes.taxonomy import OTHER, all_themes, taxonomy_hash
from privacy_analytics.themes.words import words

DATA = Path(__file__).resolve().parents[1] / "data"


class Labelled(NamedTuple):
    """One conversation of the labelled set."""

    split: str
    theme: str
    second: str
    texts: tuple[str, ...]


def labelled() -> list[Labelled]:
    """Every labelled conversation, those of both splits."""
    lines = (DATA / "themes_labelled.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return [Labelled(split, theme, second, tuple(texts.split(" | "))) for split, theme, second, texts in rows]


def measure(rows: list[Labelled]) -> dict[str, Any]:
    """The figures of a card."""
    given = [(row.theme, themes.classify(row.texts)) for row in rows]
    unsaid = Classifier([replace(theme, cues=_unsaid(theme.cues, rows)) for theme in all_themes()])
    blind = [(row.theme, unsaid.classify(row.texts)) for row in rows]
    about = [got for theme, got in given if theme != OTHER]
    of = Counter(theme for theme, _ in given)
    found = Counter(theme for theme, got in given if theme in got)
    hits = {
        "first": sum(got[0] == theme for theme, got in given),
        "among": found.total(),
        "area": sum(themes.area_of(got[0]) == themes.area_of(theme) for theme, got in given),
        "first_unsaid": sum(got[0] == theme for theme, got in blind),
        "among_unsaid": sum(theme in got for theme, got in blind),
    }
    shares = {name: Share.measured(n, len(given)) for name, n in hits.items()}
    shares["other"] = Share.measured(sum(got == (OTHER,) for got in about), len(about))
    return {
        "version": themes.VERSION,
        "taxonomy_sha256": taxonomy_hash(),
        "themes": len(themes.THEMES),
        "conversations": len(rows),
        **{name: share._asdict() for name, share in shares.items()},
        "recall": {theme: [found[theme], of[theme]] for theme in (*themes.THEMES, OTHER)},
    }


def main(card: Path = DATA / "themes_card.json") -> None:
    rows = [row for row in labelled() if row.split == "test"]
    figures = measure(rows)
    card.write_text(json.dumps({"measured": f"{datetime.now(UTC):%Y-%m-%d}", **figures}, indent=1) + "\n")
    for name in ("first", "among", "area", "other", "first_unsaid", "among_unsaid"):
        share = Share(**figures[name])
        print(f"{name:12} {share.hits:4} of {share.of}: {share.share:.1%} ({share.low:.1%} to {share.high:.1%})")
    started, rounds = time.perf_counter(), 10
    for _ in range(rounds):
        for row in rows:
            themes.classify(row.texts)
    print(f"{rounds * len(rows) / (time.perf_counter() - started):,.0f} conversations a second")


def _unsaid(cues: Iterable[tuple[str, float]], rows: list[Labelled]) -> tuple[tuple[str, float], ...]:
    """Cues without those that hold a phrase of two words or more that these rows say word for word."""
    said = " / ".join(["", *(" ".join(words(text)) for row in rows for text in row.texts), ""])
    phrases = ((cue, [phrase_words(phrase) for phrase in cue[0].split(" + ")]) for cue in cues)
    return tuple(
        cue for cue, wanted in phrases if not any(len(each) > 1 and f" {' '.join(each)} " in said for each in wanted)
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))

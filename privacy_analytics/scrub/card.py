"""What was measured about the scrubber, for reports to quote.

``make bench-scrub`` scores both tiers and stock Presidio on public texts in English and stores what it found in
``data/scrub_card.json``. A card speaks for the very weights that were measured, and for no others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub.weights import model_hash
from privacy_analytics.shipped import shipped


@dataclass(frozen=True, slots=True)
class ScrubCard:
    """How well one tier did: shares from 0 to 1, each the mean over the files of the benchmark."""

    tier: str
    measured: str
    """The day, YYYY-MM-DD."""
    recall: float
    """Identifiers of which at least 90 % of the letters and digits were masked."""
    precision: float
    """Masked spans at least half of which is personal."""
    leak_free: float
    """Texts holding identifiers of which every one was caught."""
    model_sha256: str | None
    """Of the weights; None for a tier without."""
    types: Mapping[str, float]
    """Recall by the benchmark's types of identifiers, over all texts."""

    @property
    def missed_per_100(self) -> int:
        """Identifiers in a hundred that get through, rounded up."""
        return math.ceil(round(100 * (1 - self.recall), 4))


@cache
def card(tier: str) -> ScrubCard | None:
    """What was measured about a tier; None where the weights installed here are not the measured ones."""
    stored = json.loads(shipped("data", "scrub_card.json").read_text(encoding="utf-8"))
    found = stored["detectors"].get(tier)
    if found is None or found["model_sha256"] != _installed(tier):
        return None
    mean = found["macro"]
    return ScrubCard(
        tier=tier,
        measured=stored["measured"],
        recall=mean["ent_recall"],
        precision=mean["span_prec"],
        leak_free=mean["leakfree"],
        model_sha256=found["model_sha256"],
        types={kind: each["recall"] for kind, each in found["types"].items()},
    )


def scrubbing(tier: str) -> dict[str, Any]:
    """How texts are scrubbed by this tier here and now, as an intake writes it down; unmeasured figures are None."""
    known = card(tier)
    return {
        "tier": tier,
        "model_sha256": _installed(tier),
        "measured": known and known.measured,
        "missed_per_100": known and known.missed_per_100,
    }


def quoted(written: Mapping[str, Any]) -> str:
    """What ``scrubbing`` wrote down, as the sentence that a reader gets."""
    if written["measured"] is None:
        return (
            f"How many identifiers the tier {written['tier']} misses was not measured; "
            "names in languages other than English are not claimed."
        )
    return (
        f"In chat like this, about {written['missed_per_100']} in 100 identifiers are missed (tier {written['tier']}, "
        f"measured on {written['measured']} on public texts in English that its rules were tuned on; names in other "
        "languages are not claimed)."
    )


def _installed(tier: str) -> str | None:
    try:
        return model_hash() if tier == "standard" else None
    except SettingsError:
        return None

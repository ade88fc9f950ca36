"""Whose numbers a release holds, in words: its cohort as a noun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.figures.format import part_words

_WORDS = {
    "adopters": ("adopters of {}", "active accounts without {}"),
    "new_adopters": ("new adopters of {}", "active accounts without {}"),
    "plan": ("accounts on the plan {}", "active accounts on other plans"),
    "system": ("accounts on {}", "active accounts on other systems only"),
    "tenure": ("accounts registered {}", "active accounts registered at other times"),
}
_NAMED = {"adopters": "feature", "new_adopters": "feature", "plan": "plan_tier", "system": "os", "tenure": "tenure"}
_SINCE = {
    "this month": "this month",
    "under 3 months": "less than 3 months before",
    "3 to 12 months": "3 to 12 months before",
    "over a year": "over a year before",
}


def who(release: Release) -> str:
    """``"adopters of Mix assist"``; ``"accounts"`` where everybody counts."""
    cohort: Mapping[str, Any] | None = release.question.get("cohort")
    return named(cohort) if cohort else "accounts"


def named(cohort: Mapping[str, Any]) -> str:
    """A cohort's canonical form as a noun in the plural."""
    kind, key = str(cohort["kind"]), str(cohort["key"])
    words = _SINCE[key] if kind == "tenure" else part_words(key, _NAMED[kind])
    return _WORDS[kind][bool(cohort["rest"])].format(words)

"""Which role may ask what. What stands in no rule is refused to everybody."""

from __future__ import annotations

from collections.abc import Collection

ANYBODY = "anybody"
"""Also without a token: what says nothing but that this is a curator, and its form."""
_ASK = ("analyst", "officer")
_QUOTE = ("marketing", "officer")
RULES: dict[str, tuple[str, ...]] = {
    "/v1/health": (ANYBODY,),
    "/openapi.json": (ANYBODY,),
    "/docs": (ANYBODY,),
    "/v1/describe": _ASK,
    "/v1/preview": _ASK,
    "/v1/plan": _ASK,
    "/v1/release": _ASK,
    "/v1/budget": _ASK,
    "/v1/statistics": _QUOTE,
    "/v1/statistics/{statistic_id}": _QUOTE,
    "/v1/releases": ("officer",),
    "/v1/releases/{release_id}": ("officer",),
}
"""By a route's path."""
_ANALYSTS = ("usage", "cohorts", "exploration", "revisions")


def purposes(role: str, served: Collection[str]) -> list[str]:
    """What a role may ask for, of what is served: marketing's share is spent by the officer alone."""
    return [each for each in served if role == "officer" or (role == "analyst" and each in _ANALYSTS)]

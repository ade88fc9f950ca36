"""The privacy policy as data: which version is in force, and what each purpose may read."""

from __future__ import annotations

from datetime import UTC, datetime

from privacy_analytics.errors import PolicyError
from privacy_analytics.settings import PURPOSES, PolicyVersion, Settings

POPULATIONS = {"marketing": "not opted out"}
"""Purposes that see fewer than all accounts: opted-out accounts are in no marketing population (policy §4, §10)."""


def in_force(settings: Settings, at: datetime | None = None) -> PolicyVersion:
    """The version in force at an instant (now, if none is given); the first one also holds before its date."""
    day = (at or datetime.now(UTC)).astimezone(UTC).date()
    started = [version for version in settings.policy if version.effective <= day]
    return started[-1] if started else settings.policy[0]


def population(purpose: str) -> str:
    """Whose rows a purpose counts: ``"all"`` or ``"not opted out"``. Raises PolicyError for an unknown purpose."""
    check_purpose(purpose)
    return POPULATIONS.get(purpose, "all")


def floor(settings: Settings, purpose: str) -> int:
    """The smallest released number of accounts that this purpose shows."""
    return settings.floors.marketing if purpose == "marketing" else settings.floors.inside


def check_purpose(purpose: str) -> None:
    """Raise PolicyError unless the purpose is one of the closed list (policy §4)."""
    if purpose not in PURPOSES:
        raise PolicyError(f"There is no such purpose. Choose one of: {', '.join(PURPOSES)}.")

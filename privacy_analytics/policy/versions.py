"""Versions of the policy: which one is in force, and the record of those that data was collected under.

A change holds 14 days after it was posted, from 00:00 UTC (policy §11). Rows and releases carry the version that was in
force. From the first of them on that version cannot be changed: ``private/policy.json`` keeps its dates and the SHA-256
of its document, and ``policy/VERSION.toml`` the document itself, so that no upgrade of this package changes it either.
"""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime

from privacy_analytics.errors import PolicyError
from privacy_analytics.policy import text
from privacy_analytics.policy.document import SHIPPED, document
from privacy_analytics.private import private_files, write_private
from privacy_analytics.settings import FILE, PolicyVersion, Settings
from privacy_analytics.settings.shape import meant

Record = dict[str, dict[str, str]]


def started(settings: Settings, at: datetime | None = None) -> tuple[PolicyVersion, ...]:
    """The versions that took effect up to an instant (now, if none is given), oldest first.

    The first one also holds before its date.
    """
    day = (at or datetime.now(UTC)).astimezone(UTC).date()
    return (settings.policy[0], *(version for version in settings.policy[1:] if version.effective <= day))


def in_force(settings: Settings, at: datetime | None = None) -> PolicyVersion:
    """The version in force at an instant (now, if none is given); the first one also holds before its date."""
    return started(settings, at)[-1]


def named(settings: Settings, version: str) -> PolicyVersion:
    """A version by its number. Raises PolicyError where the workspace has no such version."""
    for each in settings.policy:
        if each.version == version:
            return each
    known = ", ".join(each.version for each in settings.policy)
    raise PolicyError(f"{FILE} has no such version of the policy. It has: {known}.")


def ready(settings: Settings, at: datetime | None = None) -> PolicyVersion:
    """The version in force, fit to collect, count and publish under.

    Raises
    ------
    PolicyError
        its text is not filled in; a version that data was collected under was changed; a document is none; a share of
        the privacy loss is of a purpose that no version names
    """
    kept = _record(settings)
    facts = {version.version: _facts(settings, version) for version in settings.policy}
    for version, fact in kept.items():
        if facts.get(version) != fact:
            raise PolicyError(
                f"Policy {version} was changed after data was collected under it (policy §11). Put it back, and add a "
                "new version for the change."
            )
    _check_shares(settings)
    now = in_force(settings, at)
    source = document(settings, now.version).source
    if open_ones := text.placeholders(text.of(settings, now)):
        raise PolicyError(
            f"{open_ones[0]} in {source} is not filled in (policy §8, §11, §12). Write {{effective}}, {{posted}} or "
            f"{{contact_email}} there, which come from {FILE}, or the words themselves."
        )
    return now


def record(settings: Settings, at: datetime | None = None) -> PolicyVersion:
    """The version in force; it, and those before it, are written down as what data is collected under.

    Raises as ``ready``.
    """
    now = ready(settings, at)
    if new := [version for version in started(settings, at) if version.version not in _record(settings)]:
        with private_files(), settings.path("private", ".policy.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for version in new:
                made = document(settings, version.version)
                if made.source == SHIPPED:
                    write_private(settings.path("policy", f"{version.version}.toml"), made.content)
            kept = _record(settings) | {version.version: _facts(settings, version) for version in new}
            write_private(settings.path("private", "policy.json"), json.dumps(kept, indent=1))
    return now


def _record(settings: Settings) -> Record:
    file = settings.path("private", "policy.json")
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise PolicyError("private/policy.json cannot be read. Restore it from its backup (policy §11).") from None


def _facts(settings: Settings, version: PolicyVersion) -> dict[str, str]:
    return {
        "posted": str(version.posted),
        "effective": str(version.effective),
        "sha256": document(settings, version.version).sha256,
    }


def _check_shares(settings: Settings) -> None:
    named = {name for version in settings.policy for name in document(settings, version.version).purposes}
    for purpose in settings.loss.shares:
        if purpose not in named:
            raise PolicyError(
                f"loss.shares.{purpose} in {FILE} is of a purpose that no version of the policy names."
                f"{meant(purpose, named)} Name it in policy/VERSION.toml, or take the share out."
            )

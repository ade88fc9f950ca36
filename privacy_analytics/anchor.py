"""An anchor: one line that says how long ledger and audit log are and what their heads are, kept somewhere else.

A chain shows whether its inside was changed, not whether its end was cut off, an older copy put back, or another
continuation grown on it. Beside a line that was written down outside, it does: what stands there has to be part of what
stands here. The line holds no number of people and no secret, so it may go anywhere: a file on another host, a mail,
paper.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.chain import standing
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.errors import LedgerError, UsageError
from privacy_analytics.private import private_files
from privacy_analytics.settings import Settings

_LINE = re.compile(
    r"privacy-analytics-anchor-1\s+workspace=([0-9a-f]{16})\s+at=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\s+"
    r"ledger=(\d+):([0-9a-f]{64})\s+audit=(\d+):([0-9a-f]{64})"
)
_HERE = ("logs", "anchors.txt")
_AT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Head:
    """How many entries a chain has, and the hash of the last: 64 hex digits, 64 zeros without one."""

    length: int
    hash: str


@dataclass(frozen=True)
class Anchor:
    """Where the chains of a workspace stood at a moment."""

    workspace: str
    """16 hex digits; the same for as long as the workspace has its first key, wherever it lies."""
    at: datetime
    ledger: Head
    audit: Head

    def __str__(self) -> str:
        ledger, audit = (f"{head.length}:{head.hash}" for head in (self.ledger, self.audit))
        at = self.at.astimezone(UTC).strftime(_AT)
        return f"privacy-analytics-anchor-1 workspace={self.workspace} at={at} ledger={ledger} audit={audit}"

    @classmethod
    def all_in(cls, text: str) -> list[Self]:
        """Every anchor in a text, such as a file of many lines or a mail. Raises UsageError without one."""
        found = [
            cls(
                workspace,
                datetime.strptime(at, _AT).replace(tzinfo=UTC),
                Head(int(ledgers), ledger),
                Head(int(audits), audit),
            )
            for workspace, at, ledgers, ledger, audits, audit in _LINE.findall(text)
        ]
        if not found:
            raise UsageError("There is no whole anchor line in this file. One begins with privacy-analytics-anchor-1.")
        return found


def take(settings: Settings, *, ledger: str = "", log: AuditLog | None = None, now: datetime | None = None) -> Anchor:
    """Where a workspace's chains stand now, both verified from their first entry to their last.

    Parameters
    ----------
    ledger, log : those of a copy, in place of the workspace's; ``ledger`` is an SQLAlchemy URL

    Raises
    ------
    LedgerError, SettingsError
        the ledger, or the audit log, is broken
    """
    at = (now or datetime.now(UTC)).replace(microsecond=0)
    ends = Head(*standing(ledger or settings.ledger_at)), Head(*(log or AuditLog(settings)).verify())
    return Anchor(_workspace(settings), at, *ends)


def check(settings: Settings, ledger: Ledger, anchors: list[Anchor]) -> None:
    """Hold the chains of now against older anchors, all of which have to be part of them.

    Raises
    ------
    LedgerError
        a chain is shorter than it was, or is another one at that length
    UsageError
        an anchor is of another workspace
    """
    log = AuditLog(settings)
    for anchor in anchors:
        if anchor.workspace != _workspace(settings):
            raise UsageError("An anchor in this file is of another workspace. Check each against its own.")
        found = {
            "ledger": (anchor.ledger, ledger.hash_at(anchor.ledger.length)),
            "audit log": (anchor.audit, log.hash_at(anchor.audit.length)),
        }
        for name, (stood, stands) in found.items():
            if stands != stood.hash:
                what = "is shorter than it was" if stands is None else "is not the one that stood there"
                raise LedgerError(
                    f"The {name} {what}: on {anchor.at:%Y-%m-%d %H:%M} UTC it had {stood.length} entries. An older "
                    "copy was put back, or another one goes on. Stop all use, and restore the newest copy that holds "
                    "against its anchors: docs/operations.md"
                )


def remember(settings: Settings, line: str) -> None:
    """Note here that an anchor was taken, for ``last``; what is noted here proves nothing."""
    with private_files(), settings.path(*_HERE).open("a", encoding="utf-8") as taken:
        taken.write(f"{line}\n")


def last(settings: Settings) -> datetime | None:
    """When an anchor was last taken."""
    file = settings.path(*_HERE)
    return Anchor.all_in(file.read_text(encoding="utf-8"))[-1].at if file.exists() else None


def _workspace(settings: Settings) -> str:
    return hmac.digest(settings.secret_keys()[0], b"privacy_analytics: which workspace", "sha256").hex()[:16]

"""What an erasure did and what stays, for the officer: counts by store, nothing that says whose rows or reports."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.lake import Rewritten
from privacy_analytics.rights.exports import Counts
from privacy_analytics.rights.requests import Request
from privacy_analytics.settings import Settings

FORMAT = 1
RECEIPT = "receipt.json"
STAYS = {
    "releases": "aggregate: not one account's record (Cal. Civ. Code 1798.140(b))",
    "ledger": "holds no personal data; what was lost stays lost",
    "snapshots": "name batches, which hold the row no more; no token changes",
    "audit log": "holds a random request id and a commitment whose salt is gone",
    "record": "that a request was answered (Cal. Code Regs. tit. 11 §7101)",
    "tombstone": "a keyed hash that keeps the account from coming back; the one declared survivor",
}
"""What an erasure leaves where it is, and why."""


@dataclass
class Done:
    """What one pass over the stores did, for all the requests that it carried out together."""

    requests: int
    changed: Counter[str] = field(default_factory=Counter[str])
    """Files outside the lake's tables that were changed or removed, by store."""
    rewritten: list[Rewritten] = field(default_factory=list[Rewritten])
    """A table each."""
    exports: Counts | None = None
    stores: int = 0
    """In how many stores nothing was found when all was done."""
    failed: list[str] = field(default_factory=list[str])
    """Stores that failed or still hold something, in sentences that say what to do."""

    @property
    def lake(self) -> str:
        """What was written anew of the lake, as a step says it."""
        files, of_files, size, whole = (
            sum(getattr(each, name) for each in self.rewritten) for name in ("files", "of_files", "bytes", "of_bytes")
        )
        return f"lake: {files} of {of_files} files written anew, {size / max(whole, 1):.2%} of bytes"

    @contextmanager
    def store(self, name: str) -> Generator[None]:
        """A store that fails is noted; the others are done all the same."""
        try:
            yield
        except PrivacyAnalyticsError as error:
            self.failed.append(f"{name} failed: {error}")
        except Exception as error:  # noqa: BLE001  # its text may quote a row
            self.failed.append(f"{name} failed ({type(error).__name__}).")


def receipt(settings: Settings, request: Request, done: Done, *, on: date) -> str:
    """A receipt as JSON; its ``rows`` are those that the accounts had when the request was made."""
    written = {
        "format": FORMAT,
        "request": request.id,
        "kind": request.kind,
        "received": request.received.isoformat(),
        "done": on.isoformat(),
        "accounts": request.accounts,
        "rows": request.frozen["stores"],
        "tombstones": request.accounts,
        "pass": {
            "requests": done.requests,
            "files_changed": dict(sorted(done.changed.items())),
        },
        "steps": [asdict(step) for step in request.steps],
        "exports": done.exports and {**asdict(done.exports), "alone": len(done.exports.alone)},
        "verified": f"0 hits in {done.stores} stores",
        "stays": STAYS,
        "to_notify": [each.name for each in settings.recipients],
        "training": "This package makes no training set. Whoever trains on chats from elsewhere is to be notified.",
    }
    return json.dumps(written, indent=1, ensure_ascii=False)


def digest(file: Path) -> str:
    """SHA-256 of a receipt, as the audit log notes it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()

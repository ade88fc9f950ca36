"""The audit log: who did what with people's data, in lines that only grow, each chained to the one before by SHA-256.

A line holds no person. Where it is about one, it names a request by its random id and holds a *commitment*,
HMAC-SHA256(salt, pseudonym) under a salt of that request alone. Whose request it was stands in the lake's table
``subjects``, which an erasure empties: after it nobody can tell, and the chain still holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from privacy_analytics.errors import SettingsError
from privacy_analytics.settings import Settings

Action = Literal[
    "access", "acknowledge", "backup", "close", "correct", "erase", "export", "extend", "grant", "hold", "ingest",
    "limit", "opt-in", "opt-out", "prune", "publish", "recall", "release", "request", "restore", "retention", "rotate",
    "run", "serve", "share", "snapshot", "token", "unhold", "unlimit", "upgrade",
]  # fmt: skip
ACTIONS: tuple[str, ...] = get_args(Action)
_GENESIS = "0" * 64
_FACT = re.compile(r"[\w .,:;@+/()§'’&-]{0,120}")
"""What a fact may look like: a word or a short list of them, never a text."""

Fact = str | int | float | bool | None | list[str]


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    seq: int
    at: datetime
    action: str
    facts: Mapping[str, Any]
    """Counts, names of tables, purposes and files, ids of requests and releases."""


class AuditLog:
    """``logs/audit.jsonl`` of a workspace: add, read, verify. Safe for many processes."""

    def __init__(self, settings: Settings) -> None:
        self.file = settings.path("logs", "audit.jsonl")

    def add(self, action: Action, **facts: Fact) -> None:
        """Append one line, on disk when this returns.

        Raises
        ------
        ValueError
            an action or fact that no log may hold (a fault of the caller)
        SettingsError
            the log was cut or changed
        """
        if action not in ACTIONS:
            raise ValueError("No such action.")
        for each in facts.values():
            for word in each if isinstance(each, list) else [each]:
                if isinstance(word, str) and not _FACT.fullmatch(word):
                    raise ValueError("A fact of the audit log is a word, a number or a list of words.")
        with self._locked() as handle:
            last = _last(handle)
            line = {
                "seq": last["seq"] + 1,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "action": action,
                **{name: value for name, value in facts.items() if value is not None},
                "previous": last["hash"],
            }
            line["hash"] = _hash(line)
            os.lseek(handle, 0, os.SEEK_END)
            os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
            os.fsync(handle)

    def entries(self) -> Iterator[Entry]:
        """Every line, oldest first."""
        for line in self._lines():
            facts = {name: value for name, value in line.items() if name not in _FRAME}
            yield Entry(line["seq"], datetime.fromisoformat(line["at"]), line["action"], facts)

    def verify(self) -> tuple[int, str]:
        """How many lines there are, and the hash of the last. Raises SettingsError at the first that does not fit."""
        last: dict[str, Any] = {"seq": 0, "hash": _GENESIS}
        for line in self._lines():
            if line["seq"] != last["seq"] + 1 or line["previous"] != last["hash"] or line["hash"] != _hash(line):
                raise SettingsError(
                    f"The audit log does not hold at entry {last['seq'] + 1}: it was cut or changed. Restore "
                    "logs/audit.jsonl from a backup, and find out who could write to it."
                )
            last = line
        return last["seq"], last["hash"]

    def hash_at(self, length: int) -> str | None:
        """The hash of the last line of when there were so many; None where there are fewer."""
        if not length:
            return _GENESIS
        return next((str(line["hash"]) for line in self._lines() if line["seq"] == length), None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.file.exists():
            return
        with self.file.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, 1):
                try:
                    line = json.loads(text)
                    _ = [line[name] for name in _FRAME]
                except (ValueError, KeyError, TypeError):
                    raise SettingsError(
                        f"Line {number} of the audit log cannot be read. Restore logs/audit.jsonl from a backup."
                    ) from None
                yield line

    @contextmanager
    def _locked(self) -> Generator[int]:
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)


def commitment(salt: str, pseudonym: str) -> str:
    """64 hex digits that say nothing without the salt: HMAC-SHA256(salt, pseudonym)."""
    return hmac.digest(bytes.fromhex(salt), pseudonym.encode(), "sha256").hex()


_FRAME = ("seq", "at", "action", "previous", "hash")
_TAIL = 65_536
"""Bytes from the end in which the last line is looked for; a line is far shorter."""


def _last(handle: int) -> dict[str, Any]:
    """The last whole line; a line that a crash cut short is removed: what it would have said did not return."""
    size = os.fstat(handle).st_size
    start = max(size - _TAIL, 0)
    tail = os.pread(handle, size - start, start)
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        os.ftruncate(handle, start + len(whole))
    if not whole:
        return {"seq": 0, "hash": _GENESIS}
    try:
        line = json.loads(whole.splitlines()[-1])
        return {"seq": line["seq"], "hash": line["hash"]}
    except (ValueError, KeyError, TypeError):
        raise SettingsError(
            "The audit log's last line cannot be read. Restore logs/audit.jsonl from a backup."
        ) from None


def _hash(line: Mapping[str, Any]) -> str:
    said = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

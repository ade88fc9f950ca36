"""Who was erased and must not come back: the one thing that stays of an account, and says nothing by itself.

A tombstone is HMAC-SHA256(tombstone key, pseudonym), under a key of its own (``private/tombstone_key``). It cannot be
computed from a pseudonym without that key, nor from an account id without both. The list (``private/tombstones.json``)
is what a restored backup is held against; keep a copy of both files beside the backups.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from privacy_analytics.errors import SettingsError
from privacy_analytics.lake.files import write_private
from privacy_analytics.settings import Settings, read_keys
from privacy_analytics.workspace import add_key

FORMAT = 1
_CHECK = "check"
"""What the keys make of this stands in the list: so a list under other keys is told from one that knows nobody."""


@dataclass(frozen=True)
class Tombstone:
    """One erased account."""

    hash: str
    """64 hex digits."""
    generation: int
    """How many keys the pseudonym nested that it was made of."""
    keys: int
    """How many tombstone keys it nests itself."""
    on: str
    """The day of the erasure, ISO 8601."""
    request: str


class Tombstones:
    """The suppression list of a workspace."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.path("private", "tombstones.json")
        self._key_file = settings.path("private", "tombstone_key")
        self._generations = len(settings.secret_keys())

    def all(self) -> list[Tombstone]:
        """Every tombstone. Raises SettingsError where the list cannot be read, or is not of this key."""
        return self._read(self._file) if self._file.exists() else []

    def merge(self, file: Path) -> None:
        """Add what another copy of the list knows, such as the newest one beside the backups.

        Raises SettingsError where it cannot be read, or where this workspace's keys are not those that it was made
        under, or older.
        """
        others, kept = self._read(file), self.all()
        if any(each.generation > self._generations for each in others):
            raise SettingsError(
                f"private/key is older than {file.name}, which knows a newer key. Restore the newest private/key."
            )
        there = {(each.generation, each.hash) for each in self._lifted(kept)}
        lifted = zip(others, self._lifted(others), strict=True)
        self.replace([*kept, *(each for each, now in lifted if (now.generation, now.hash) not in there)])

    def add(self, pseudonyms: Iterable[str], *, request: str, on: date) -> None:
        """Write tombstones for accounts by their pseudonyms of now, unless they are there."""
        keys = self._keys(make=True)
        kept = self.all()
        there = {each.hash for each in self._lifted(kept)}
        new = (self._nested(pseudonym, keys) for pseudonym in pseudonyms)
        made = [Tombstone(h, self._generations, len(keys), on.isoformat(), request) for h in new if h not in there]
        self.replace([*kept, *made])

    def replace(self, tombstones: Iterable[Tombstone]) -> None:
        """Write the list anew, whole."""
        keys = self._keys()
        made = {"format": FORMAT, "keys": len(keys), "check": self._nested(_CHECK, keys)}
        text = json.dumps({**made, "tombstones": [asdict(each) for each in tombstones]}, indent=1)
        write_private(self._file, text)

    def rotate(self) -> None:
        """Nest every tombstone in a new key of their own, where there are any."""
        if self._key_file.exists():
            add_key(self._key_file)
            self.replace(self._lifted(self.all()))

    def hold(self, generations: tuple[str, ...], *, first: int = 1) -> bool:
        """Whether an account, by its pseudonym under each key from the ``first`` on (oldest first), was erased."""
        if not self._hashes:
            return False
        keys = self._keys()
        at = {generation for generation, _ in self._hashes}
        return any((n, self._nested(p, keys)) in self._hashes for n, p in enumerate(generations, first) if n in at)

    def erased_among(self, pseudonyms: Iterable[str]) -> set[str]:
        """Which of these accounts of the lake, by their pseudonyms of now, were erased."""
        hashes = {h for generation, h in self._hashes if generation == self._generations}
        keys = self._keys() if hashes else ()
        return {pseudonym for pseudonym in pseudonyms if hashes and self._nested(pseudonym, keys) in hashes}

    def _read(self, file: Path) -> list[Tombstone]:
        try:
            raw = json.loads(file.read_text())
            if raw["format"] != FORMAT:
                raise ValueError
            check, keys = str(raw["check"]), int(raw["keys"])
            found = [Tombstone(**each) for each in raw["tombstones"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise SettingsError(
                f"{file.name} cannot be read. Restore it from its backup: without it erased accounts could come back."
            ) from None
        if check != self._nested(_CHECK, self._keys()[:keys]):
            raise SettingsError(
                f"private/tombstone_key is not the key of {file.name}, or an older one. Restore the newest one, kept "
                "beside the backups, then try again: without it nobody who was erased is recognised."
            )
        return found

    @cached_property
    def _hashes(self) -> frozenset[tuple[int, str]]:
        return frozenset((each.generation, each.hash) for each in self._lifted(self.all()))

    def _lifted(self, tombstones: list[Tombstone]) -> list[Tombstone]:
        """With every key of now nested, also those made before the last rotation."""
        keys = self._keys() if tombstones else ()
        return [
            Tombstone(self._nested(each.hash, keys[each.keys :]), each.generation, len(keys), each.on, each.request)
            for each in tombstones
        ]

    def _nested(self, text: str, keys: Iterable[bytes]) -> str:
        for key in keys:
            text = hmac.digest(key, text.encode(), "sha256").hex()
        return text

    def _keys(self, *, make: bool = False) -> tuple[bytes, ...]:
        if make and not self._key_file.exists():
            if self._file.exists():
                raise SettingsError("private/tombstone_key is missing. Restore it from its backup, then try again.")
            handle = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        return read_keys(self._key_file)

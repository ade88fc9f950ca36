"""Tokens that people ask over HTTP with: printed once, kept as hashes in ``private/tokens.json`` (0600).

A token is 256 bits from the system's source of randomness: to find one by its SHA-256 takes 2^255 tries on average. A
slow hash (scrypt, argon2) makes up for words that people choose; here it would only slow every call.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from privacy_analytics.errors import NotFound, SettingsError, UsageError
from privacy_analytics.private import private_files, write_private
from privacy_analytics.settings import Settings

Role = Literal["analyst", "marketing", "officer"]
ROLES: tuple[str, ...] = get_args(Role)
PREFIX = "pa_"
"""Of every token, so that whoever finds one in a file knows what it is."""
MOST_DAYS = 366
FORMAT = 1
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class Token:
    """Whom a token was made out to, without the token."""

    name: str
    role: Role
    sha256: str
    made: datetime
    until: datetime
    revoked: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it may be shown: neither expired nor revoked."""
        return self.revoked is None and now < self.until


def is_name(said: object) -> bool:
    """Whether a token can be named so: a plain word of a-z, 0-9 and -, at most 32, a letter first."""
    return isinstance(said, str) and _NAME.fullmatch(said) is not None


class Tokens:
    """The tokens of a workspace, read anew each time: what is revoked is refused from the next call on."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.path("private", "tokens.json")

    def all(self) -> list[Token]:
        """Every token there ever was, oldest first; also revoked ones, so that no log's name means two people."""
        try:
            raw = json.loads(self._file.read_text(encoding="utf-8"))
            if raw["format"] != FORMAT:
                raise ValueError
            return [_token(each) for each in raw["tokens"]]
        except FileNotFoundError:
            return []
        except (ValueError, LookupError, TypeError):
            raise SettingsError(
                "private/tokens.json cannot be read. Restore it, or remove it and add tokens."
            ) from None

    def who(self, shown: str, now: datetime | None = None) -> Token | None:
        """Whose token this is, where it holds. Every hash is compared, each in constant time."""
        digest, found = _digest(shown), None
        for token in self.all():
            if hmac.compare_digest(token.sha256, digest):
                found = token
        return found if found and found.holds(now or datetime.now(UTC)) else None

    def add(self, name: str, role: Role, *, days: int, now: datetime | None = None) -> tuple[Token, str]:
        """Make a token, and the text to hand over, which is nowhere kept.

        Raises UsageError for a name that is no plain word or was used before, and for days that cannot be.
        """
        if not is_name(name):
            raise UsageError("A token is named by a plain word of a-z, 0-9 and -, at most 32, such as: ada")
        if role not in ROLES or not 1 <= days <= MOST_DAYS:
            raise UsageError(f"A token has one role of {', '.join(ROLES)}, and holds 1 to {MOST_DAYS} days.")
        made, text = now or datetime.now(UTC), PREFIX + secrets.token_urlsafe(32)
        token = Token(name, role, _digest(text), made, made + timedelta(days=days))
        with self._changing() as tokens:
            if name in {each.name for each in tokens}:
                raise UsageError("There was a token of this name, and the logs tell of it. Choose another: ada-2")
            tokens.append(token)
        return token, text

    def revoke(self, name: str, *, now: datetime | None = None) -> Token:
        """End a token at once; done twice it is the same. Raises NotFound where there is none of this name."""
        with self._changing() as tokens:
            for at, each in enumerate(tokens):
                if each.name == name:
                    tokens[at] = replace(each, revoked=each.revoked or now or datetime.now(UTC))
                    return tokens[at]
        raise NotFound("There is no token of this name. See: pa token list")

    @contextmanager
    def _changing(self) -> Generator[list[Token]]:
        with private_files():
            lock = os.open(self._file.with_name("tokens.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = self.all()
            before = list(tokens)
            yield tokens
            if tokens != before:
                said = {"format": FORMAT, "tokens": [asdict(each) for each in tokens]}
                write_private(self._file, json.dumps(said, indent=1, default=datetime.isoformat) + "\n")
        finally:
            os.close(lock)


def _digest(shown: str) -> str:
    return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()


def _token(raw: dict[str, Any]) -> Token:
    days: dict[str, Any] = {
        name: datetime.fromisoformat(raw[name]) for name in ("made", "until", "revoked") if raw[name]
    }
    return Token(**raw | days)

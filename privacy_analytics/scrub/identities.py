"""Who is who without keeping it: pseudonyms, and an account's own identifiers as keyed hashes.

Hashes are HMAC-SHA256 (RFC 2104, FIPS 180-4) under the workspace's key, cut to 128 bits. Who has no key can
neither compute them nor test a guess.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub.lists import clear_names, known_names, ordinary_words, products
from privacy_analytics.scrub.normalize import normalize
from privacy_analytics.scrub.spans import Span

_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[^\w\n]{0,3}|_{1,2}")
_CAPITAL = "^"
_ROLES = frozenset(
    [
        "info",
        "hello",
        "contact",
        "support",
        "admin",
        "mail",
        "music",
        "booking",
        "bookings",
        "studio",
        "office",
        "team",
        "help",
        "sales",
        "hi",
        "me",
    ]
)
MAX_WORDS = 8
"""Words of the longest identifier that is looked for."""


class OwnIdentifier(NamedTuple):
    """One identifier of an account: a keyed hash of its words, the type to mask it as, and how many words."""

    hash: str
    type: str
    words: int


@dataclass(frozen=True)
class OwnIdentifiers:
    """All identifiers of one account; safe to store beside its pseudonym, erased with it."""

    entries: frozenset[OwnIdentifier]

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Type by hash; where a name is the user name, too, it is a name, whatever order a set has today."""
        return {entry.hash: entry.type for entry in sorted(self.entries, key=lambda entry: entry.type, reverse=True)}

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Word counts to try, longest first."""
        return tuple(sorted({entry.words for entry in self.entries}, reverse=True))


class IdentityHasher:
    """Keyed hashes of one workspace.

    Parameters
    ----------
    keys : at least 32 bytes each, oldest first; a shorter one, or none, raises `SettingsError`. Where a key was
        rotated, hashes nest: the newer key hashes what the older one gave.
    """

    def __init__(self, *keys: bytes) -> None:
        if not keys or min(map(len, keys)) < 32:
            raise SettingsError("The key must have 256 bits: make the workspace's key anew with `pa init`.")
        self._keys = keys
        self.words = lru_cache(maxsize=65_536)(self._words)

    def __reduce__(self) -> tuple[type[IdentityHasher], tuple[bytes, ...]]:
        """For workers: the keys go through a pipe, never through a file."""
        return IdentityHasher, self._keys

    def pseudonym(self, account_id: str) -> str:
        """32 hex characters that stand for an account: HMAC-SHA256(key, id), 128 bits kept."""
        return self._hash(account_id)

    def generations(self, account_id: str) -> tuple[str, ...]:
        """The pseudonym that an account had under each key, oldest first; the last one is its pseudonym now."""
        return tuple(self._nested(account_id))

    def identifier_hash(self, text: str) -> str:
        """32 hex characters for an e-mail, user name or name, whatever its case and spacing."""
        return self._hash("identifier\0" + " ".join(_fold(text).split()))

    def _words(self, words: str) -> str:
        return self._hash("words\0" + words)

    def _hash(self, text: str) -> str:
        return self._nested(text)[-1]

    def _nested(self, text: str) -> list[str]:
        found: list[str] = []
        for key in self._keys:
            text = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()
            found.append(text)
        return found

    def own(self, *, email: str | None = None, username: str | None = None, name: str | None = None) -> OwnIdentifiers:
        """What to look for in an account's texts.

        The e-mail and its part before the @, the user name, the full name, and each of its parts. A single
        word must have three characters. A word that is plain English or a studio term (the user "bass") is
        not looked for alone; as a part of a name (Mark) it is, where it is written with a capital.
        """
        return OwnIdentifiers(frozenset(self._entries(email or "", username or "", name or "")))

    def stored(
        self, email: str | None, username: str | None, name: str | None
    ) -> list[tuple[str, str | None, int | None]]:
        """What is kept of who an account is, as (hash, type, words): hashes to find it by, then its own identifiers."""
        found = [(self.identifier_hash(text), None, None) for text in (email, username, name) if text]
        return [*found, *self.own(email=email, username=username, name=name).entries]

    def _entries(self, email: str, username: str, name: str) -> Iterator[OwnIdentifier]:
        local = email.partition("@")[0]
        for text, kind in ((email, "EMAIL"), (username, "USERNAME"), (name, "PERSON"), (local, "USERNAME")):
            words = _split(text)
            if 1 < len(words) <= MAX_WORDS or (len(words) == 1 and _telling(words[0])):
                yield OwnIdentifier(self.words(" ".join(words)), kind, len(words))
        for part in _split(name):
            if len(part) >= 3 and not part.isdigit():
                mark = "" if _telling(part) and part not in _ordinary_names() else _CAPITAL
                yield OwnIdentifier(self.words(mark + part), "PERSON", 1)


def find_own(text: str, own: OwnIdentifiers, hasher: IdentityHasher) -> list[Span]:
    """Where an account's own identifiers stand: runs of words by keyed hash, signs between ignored.

    ``text`` is compared without regard to case; its indices are those of the spans.
    """
    if not own.entries:
        return []
    places = [match.span() for match in _WORD.finditer(text)]
    words = [_fold(text[start:end]) for start, end in places]
    joined = [_GAP.fullmatch(text, a[1], b[0]) is not None for a, b in pairwise(places)]
    spans: list[Span] = []
    for length in own.lengths:
        for at in range(len(words) - length + 1):
            if not all(joined[at : at + length - 1]):
                continue
            kind = own.types.get(hasher.words(" ".join(words[at : at + length])))
            if kind is None and length == 1 and text[places[at][0]].isupper():
                kind = own.types.get(hasher.words(_CAPITAL + words[at]))
            if kind is not None:
                spans.append(Span(places[at][0], places[at + length - 1][1], kind, 1.0))
    return spans


@cache
def _ordinary_names() -> frozenset[str]:
    """Names that also mean something else: worked out once, since it takes as long as a text."""
    return (known_names() - clear_names()) | products()


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _split(text: str) -> list[str]:
    return _WORD.findall(_fold(normalize(text).text))


def _telling(word: str) -> bool:
    return (
        len(word) >= 3
        and word not in ordinary_words()
        and word not in _ROLES
        and not (word.isdigit() and len(word) < 6)
    )

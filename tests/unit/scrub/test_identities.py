from __future__ import annotations

import hashlib
import hmac

import pytest

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub import IdentityHasher
from privacy_analytics.scrub.identities import OwnIdentifier, OwnIdentifiers, find_own

KEY = bytes(range(32))
HASHER = IdentityHasher(KEY)


def masked(text: str, **identifiers: str) -> list[tuple[str, str]]:
    spans = find_own(text, HASHER.own(**identifiers), HASHER)
    return [(text[s.start : s.end], s.type) for s in spans]


def test_a_pseudonym_is_the_keyed_hash_cut_to_128_bits() -> None:
    assert HASHER.pseudonym("u-1") == hmac.new(KEY, b"u-1", hashlib.sha256).hexdigest()[:32]
    assert IdentityHasher(bytes(32)).pseudonym("u-1") != HASHER.pseudonym("u-1")


def test_an_identifier_is_found_again_whatever_its_case_and_spacing() -> None:
    assert HASHER.identifier_hash(" Jane  DOE ") == HASHER.identifier_hash("jane doe")
    assert HASHER.identifier_hash("jane.doe") != HASHER.identifier_hash("jane_doe")
    assert HASHER.identifier_hash("u-1") != HASHER.pseudonym("u-1")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="256 bits"):
        IdentityHasher(b"short")


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("write to Jane.Doe84@Example.com", "Jane.Doe84@Example.com", "EMAIL"),
        ("i am jane.doe84 everywhere", "jane.doe84", "USERNAME"),
        ("it is WobbleKing99", "WobbleKing99", "USERNAME"),
        ("/tmp/wobbleking99/x", "wobbleking99", "USERNAME"),
        ("jana kovářová-lind sang", "jana kovářová-lind", "PERSON"),
        ("ask jana", "jana", "PERSON"),
    ],
)
def test_own_identifiers_are_found(text: str, value: str, kind: str) -> None:
    found = masked(text, email="jane.doe84@example.com", username="wobbleking99", name="Jana Kovářová-Lind")
    assert (value, kind) in found


def test_nothing_clear_is_kept() -> None:
    own = HASHER.own(email="jane.doe84@example.com", username="wobbleking99", name="Jana Lind")
    assert not any(word in repr(own) for word in ("jan", "lind", "wobble", "example"))


def test_ordinary_words_are_not_looked_for_alone() -> None:
    assert masked("the bass is too loud", username="bass", email="info@bass.com") == []
    assert masked("mark the beat", name="Mark Lind") == []
    assert masked("Mark did", name="Mark Lind") == [("Mark", "PERSON")]


def test_short_names_need_more_than_two_letters() -> None:
    assert masked("jo and al", name="Jo Al Lind", username="jo") == []


def test_an_account_without_identifiers_has_none() -> None:
    assert HASHER.own().entries == frozenset()
    assert masked("hello there") == []


def test_a_user_name_that_is_the_name_is_masked_as_a_name_in_every_process() -> None:
    assert {kind for _, kind in masked("i am Ada Lind", name="Ada Lind", username="ada_lind")} == {"PERSON"}
    both = {OwnIdentifier(f"{i:032x}", kind, 2) for i in range(64) for kind in ("PERSON", "USERNAME", "EMAIL")}
    assert set(OwnIdentifiers(frozenset(both)).types.values()) == {"EMAIL"}  # a set's order would show some others

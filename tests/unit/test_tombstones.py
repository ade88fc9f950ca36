"""Who was erased is known again, also after either key was rotated, and cannot be read from the list."""

import secrets
import shutil
from datetime import date

import pytest

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.tombstones import Tombstones

TODAY = date(2026, 11, 23)


def rotate(settings, name):
    file = settings.path("private", name)
    file.write_text(file.read_text() + secrets.token_hex(32) + "\n")


def hasher(settings):
    return IdentityHasher(*settings.secret_keys())


@pytest.fixture
def stones(empty):
    Tombstones(empty).add([hasher(empty).pseudonym("u-1")], request="R-0123456789", on=TODAY)
    return Tombstones(empty)


def test_an_erased_account_is_known_again_and_no_other(stones, empty):
    assert stones.hold(hasher(empty).generations("u-1"))
    assert not stones.hold(hasher(empty).generations("u-2"))
    both = {hasher(empty).pseudonym(each) for each in ("u-1", "u-2")}
    assert stones.erased_among(both) == {hasher(empty).pseudonym("u-1")}


def test_it_is_known_after_every_key_was_rotated(stones, empty):
    for name in ("key", "tombstone_key", "key", "tombstone_key"):
        rotate(empty, name)
    now = Tombstones(empty)
    now.add([hasher(empty).pseudonym("u-2")], request="R-1123456789", on=TODAY)
    held = [Tombstones(empty).hold(hasher(empty).generations(each)) for each in ("u-1", "u-2", "u-3")]
    assert held == [True, True, False]


def test_the_list_tells_neither_id_nor_pseudonym(stones, empty):
    text = empty.path("private", "tombstones.json").read_text()
    assert "u-1" not in text
    assert hasher(empty).pseudonym("u-1") not in text
    assert empty.path("private", "tombstones.json").stat().st_mode & 0o077 == 0


def test_twice_erased_is_one_tombstone(stones, empty):
    stones.add([hasher(empty).pseudonym("u-1")], request="R-1123456789", on=TODAY)
    assert len(stones.all()) == 1


def test_a_list_without_its_key_is_refused(stones, empty):
    empty.path("private", "tombstone_key").unlink()
    with pytest.raises(SettingsError, match="tombstone_key is missing"):
        stones.add(["a" * 32], request="R-1123456789", on=TODAY)


def test_a_list_under_another_key_is_refused(stones, empty):
    empty.path("private", "tombstone_key").write_text(secrets.token_hex(32) + "\n")
    with pytest.raises(SettingsError, match="not the key"):
        Tombstones(empty).hold(hasher(empty).generations("u-1"))


def test_another_copy_of_the_list_is_merged_once_also_from_before_a_rotation(stones, empty, tmp_path):
    older = shutil.copy(empty.path("private", "tombstones.json"), tmp_path / "older.json")
    for name in ("key", "tombstone_key"):
        rotate(empty, name)
    empty.path("private", "tombstones.json").unlink()
    Tombstones(empty).add([hasher(empty).pseudonym("u-2")], request="R-1123456789", on=TODAY)
    for _ in range(2):
        Tombstones(empty).merge(older)
    assert len(Tombstones(empty).all()) == 2
    assert all(Tombstones(empty).hold(hasher(empty).generations(each)) for each in ("u-1", "u-2"))


@pytest.mark.parametrize(("name", "says"), [("key", "private/key is older"), ("tombstone_key", "not the key")])
def test_a_list_of_newer_keys_than_the_workspace_has_is_refused(name, says, stones, empty, tmp_path):
    file = empty.path("private", name)
    before = file.read_text()
    rotate(empty, name)
    Tombstones(empty).add([hasher(empty).pseudonym("u-2")], request="R-1123456789", on=TODAY)
    newer = shutil.move(empty.path("private", "tombstones.json"), tmp_path / "newer.json")
    file.write_text(before)
    with pytest.raises(SettingsError, match=says):
        Tombstones(empty).merge(newer)

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from privacy_analytics import policy
from privacy_analytics.errors import PolicyError, SettingsError
from privacy_analytics.settings import Settings, read

Edit = Callable[..., Settings]


@pytest.fixture
def edited(empty: Settings) -> Edit:
    """Read the settings again after replacing parts of their text."""

    def edit(*pairs: tuple[str, str]) -> Settings:
        file = empty.path("workspace.toml")
        text = file.read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        file.write_text(text)
        return read(empty.root)

    return edit


def test_what_init_writes_is_read(empty: Settings):
    assert (empty.product, empty.timezone, empty.floors.marketing) == ("Plugin", "UTC", 50)
    assert sum(empty.loss.shares.values()) <= 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("timezone =", "timezon =", "unknown key timezon.*Did you mean timezone"),
        ("epsilon = 2.0", "epsilom = 2.0", "unknown key loss.epsilom.*Did you mean epsilon"),
        ("marketing = 50", "", "lacks floors.marketing"),
        ("epsilon = 2.0", 'epsilon = "2"', "loss.epsilon .* is not a float"),
        ("inside = 20", "inside = true", "floors.inside .* is not a int"),
        ("format = 1", "format = 2", "another format than 1.*version that wrote it"),
        ("[floors]", "[floors", "not valid TOML"),
        ('timezone = "UTC"', 'timezone = "Europe/Berln"', "Did you mean Europe/Berlin"),
        ("epsilon = 2.0", "epsilon = 0", "epsilon .* between 0 and 20"),
        ("delta = 1e-7", "delta = 1e-6", "delta .* below 1 / "),
        ("accounts = 100_000", "accounts = 1_000_000", "delta .* below 1 / "),
        ("usage = 0.30", "usage = 0.50", "add up to more than 1"),
        ("usage = 0.30", "usage = -0.10", "negative"),
    ],
)
def test_what_cannot_be_is_refused_with_the_fix(edited: Edit, old: str, new: str, says: str):
    with pytest.raises(SettingsError, match=says):
        edited((old, new))


SECRET = "correct-horse"


@pytest.mark.parametrize("key", ["ledger", "releases"])
@pytest.mark.parametrize(
    "url", [f"postgresql://curator:{SECRET}@db/privacy", f"postgresql+psycopg:///?service=pa&password={SECRET}"]
)
def test_a_password_in_a_url_is_refused_and_not_shown(edited: Edit, key: str, url: str):
    section = f'[{key}]\nurl = "{url}"\n'
    new = section if key == "ledger" else '[ledger]\nurl = "sqlite:///ledger.sqlite"\n' + section
    with pytest.raises(SettingsError, match=rf"{key}.url .* holds a password. Move it to ~/.pgpass") as refused:
        edited(('[ledger]\nurl = "sqlite:///ledger.sqlite"', new))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["postgresql://curator@db:5432/privacy", "postgresql:///?service=pa", "postgresql:///x"]
)
def test_a_url_of_postgresql_without_a_password_is_read(edited: Edit, url: str):
    settings = edited(
        ('[ledger]\nurl = "sqlite:///ledger.sqlite"', f'[ledger]\nurl = "{url}"\n[releases]\nurl = "{url}"')
    )
    assert (settings.ledger_url, settings.operating.releases_url) == (url, url)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('product = "Plugin"', 'product = "[Product]"', "product .* is not filled in"),
        ('"officer@studio.test"', '"[Your Email Address]"', "contact_email .* is not filled in"),
        ('"officer@studio.test"', '"nobody"', "not an e-mail address"),
        ("posted = 2026-01-01", 'posted = "[Date]"', "policy.posted .* is not filled in"),
    ],
)
def test_a_placeholder_of_the_policy_is_not_filled_in(edited: Edit, old: str, new: str, says: str):
    with pytest.raises(PolicyError, match=says):
        edited((old, new))


def block(version: str, posted: str, effective: str) -> tuple[str, str]:
    return "[loss]", f'[[policy]]\nversion = "{version}"\nposted = {posted}\neffective = {effective}\n\n[loss]'


def test_a_new_policy_takes_effect_two_weeks_after_it_was_posted(edited: Edit):
    with pytest.raises(PolicyError, match="Set effective = 2026-03-15"):
        edited(block("2.0", "2026-03-01", "2026-03-14"))


def test_a_policy_version_has_one_number(edited: Edit):
    with pytest.raises(PolicyError, match="same version"):
        edited(block("1.0", "2026-03-01", "2026-03-15"))


def test_the_version_in_force_is_the_newest_that_has_started(edited: Edit):
    settings = edited(block("2.0", "2026-03-01", "2026-03-15"))

    def version(*day: int) -> str:
        return policy.in_force(settings, datetime(*day, tzinfo=UTC)).version

    assert version(2026, 3, 14, 23, 59) == "1.0"
    assert version(2026, 3, 15) == "2.0"
    assert version(2020, 1, 1) == "1.0"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[columns.event.mood]\ntype = "boolean"', "no table.*Did you mean events"),
        ('[columns.events.week]\ntype = "boolean"', "a name that is taken"),
        ('[columns.events.mood]\ntype = "colour"', "type .* is none of"),
        ('[columns.events.mood]\ntype = "number"', "needs public bounds"),
        ('[columns.events.mood]\ntype = "number"\nbounds = [5, 5]', "needs public bounds"),
        ('[columns.events.mood]\ntype = "key"', "needs its public list"),
        ('[columns.events.mood]\ntype = "boolean"\npurpose = ["usage"]', "Did you mean purposes"),
        ('[columns.events.mood]\ntype = "boolean"\npurposes = ["usag"]', "Did you mean usage"),
    ],
)
def test_a_declared_column_says_its_public_bounds(edited: Edit, table: str, says: str):
    with pytest.raises(SettingsError, match=says):
        edited(("[ledger]", f"{table}\n\n[ledger]"))


@pytest.mark.parametrize(
    ("mode", "text", "says"),
    [
        (0o644, "ab" * 32, "chmod 600"),
        (0o600, "ab" * 16, "not 256 bits"),
        (0o600, "a key", "not 64 hexadecimal digits"),
    ],
)
def test_a_key_that_is_not_safe_is_refused(empty: Settings, mode: int, text: str, says: str):
    file = empty.path("private", "key")
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=says):
        empty.secret_keys()


def test_a_missing_key_is_restored_and_never_made_anew(empty: Settings):
    empty.path("private", "key").unlink()
    with pytest.raises(SettingsError, match="Restore it from its backup"):
        empty.secret_keys()

"""Tokens: printed once, kept as hashes, ended by time or by hand."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import cli
from privacy_analytics.errors import NotFound, SettingsError, UsageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pa(empty, *arguments):
    return CliRunner().invoke(cli, ["token", *arguments, "-w", str(empty.root)], catch_exceptions=False)


def test_a_token_is_who_it_was_made_out_to(tokens):
    made, text = tokens.add("ada", "analyst", days=90)
    assert tokens.who(text) == made
    assert (made.name, made.role) == ("ada", "analyst")


def test_a_token_is_256_bits_after_its_prefix(tokens):
    texts = {tokens.add(f"ada-{number}", "analyst", days=1)[1] for number in range(3)}
    assert all(text.startswith("pa_") and len(text) == 46 for text in texts)
    assert len(texts) == 3


def test_the_file_holds_no_token_and_is_its_owners_alone(tokens, empty):
    _, text = tokens.add("ada", "analyst", days=90)
    file = empty.path("private", "tokens.json")
    assert text not in file.read_text()
    assert text.removeprefix("pa_") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("shown", ["", "pa_", "pa_" + "A" * 43, "\udc80", "nobody's"])
def test_what_is_no_token_is_nobodys(tokens, shown):
    tokens.add("ada", "analyst", days=90)
    assert tokens.who(shown) is None


def test_a_hash_is_no_token(tokens):
    made, _ = tokens.add("ada", "analyst", days=90)
    assert tokens.who(made.sha256) is None


def test_a_token_ends_on_its_day(tokens):
    made, text = tokens.add("ada", "analyst", days=7, now=NOW)
    assert tokens.who(text, NOW + timedelta(days=7, seconds=-1)) == made
    assert tokens.who(text, NOW + timedelta(days=7)) is None


def test_a_revoked_token_is_nobodys_and_the_others_hold(tokens):
    (_, first), (kept, second) = tokens.add("ada", "analyst", days=9), tokens.add("otto", "officer", days=9)
    tokens.revoke("ada")
    assert tokens.who(first) is None
    assert tokens.who(second) == kept


def test_revoking_twice_keeps_the_first_moment(tokens):
    tokens.add("ada", "analyst", days=9)
    assert tokens.revoke("ada", now=NOW).revoked == tokens.revoke("ada").revoked == NOW


def test_a_name_is_never_given_twice(tokens):
    tokens.add("ada", "analyst", days=9)
    tokens.revoke("ada")
    with pytest.raises(UsageError, match="ada-2"):
        tokens.add("ada", "officer", days=9)


@pytest.mark.parametrize("name", ["", "Ada", "ada@example.com", "a b", "a" * 33, "1", "a\n", "ä"])
def test_a_name_is_a_plain_word(tokens, name):
    with pytest.raises(UsageError, match="plain word"):
        tokens.add(name, "analyst", days=9)
    assert tokens.all() == []


@pytest.mark.parametrize(("role", "days"), [("root", 9), ("analyst", 0), ("analyst", 367)])
def test_a_role_and_an_end_are_of_a_list(tokens, role, days):
    with pytest.raises(UsageError, match="1 to 366 days"):
        tokens.add("ada", role, days=days)


def test_who_is_revoked_does_not_exist(tokens):
    with pytest.raises(NotFound, match="pa token list"):
        tokens.revoke("ada")


def test_tokens_made_at_once_are_all_kept(tokens):
    with ThreadPoolExecutor(4) as threads:
        texts = list(threads.map(lambda number: tokens.add(f"a{number}", "analyst", days=9)[1], range(8)))
    assert all(tokens.who(text) for text in texts)


@pytest.mark.parametrize("said", ["", "[]", '{"format": 2, "tokens": []}', '{"format": 1, "tokens": [{}]}'])
def test_a_broken_file_lets_nobody_in(tokens, empty, said):
    _, text = tokens.add("ada", "analyst", days=9)
    empty.path("private", "tokens.json").write_text(said)
    with pytest.raises(SettingsError, match=r"private/tokens\.json cannot be read"):
        tokens.who(text)


def test_the_command_prints_a_token_that_holds_and_lists_none(tokens, empty):
    text = pa(empty, "add", "ada", "--role", "analyst", "--days", "5").stdout.split()[1]
    assert tokens.who(text).name == "ada"
    listed = pa(empty, "list").output
    assert "ada " in listed
    assert text not in listed


def test_a_revoked_token_is_listed_as_such(tokens, empty):
    tokens.add("ada", "analyst", days=9)
    assert "revoked        ada" in pa(empty, "revoke", "ada").output
    assert "revoked 20" in pa(empty, "list").output


def test_the_audit_log_tells_of_tokens_and_holds_none(tokens, empty):
    text = pa(empty, "add", "ada", "--role", "marketing").stdout.split()[1]
    pa(empty, "revoke", "ada")
    told = [entry.facts for entry in AuditLog(empty).entries() if entry.action == "token"]
    assert [(each["did"], each["name"]) for each in told] == [("add", "ada"), ("revoke", "ada")]
    assert text not in json.dumps(told)

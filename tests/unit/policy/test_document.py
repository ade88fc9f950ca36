"""A version of the policy as data: its text is the posted one, and a document that is none is refused with the fix."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from privacy_analytics import policy
from privacy_analytics.cli.policy import policy as command
from privacy_analytics.errors import PolicyError
from privacy_analytics.settings import Settings, read

POSTED = "4b65b975ec868fa2aa51de1c68630f3e430439eeaf72f394aaa95b897b02f95c"
"""SHA-256 of the owner's policy, byte for byte, its placeholders in place."""
RECIPIENT = '[[recipients]]\nname = "H"\ncategory = "cloud"\nregion = "US"\npurposes = []\ncontract = 2026-01-01\n'
Later = Callable[..., Settings]


@pytest.mark.clause("1.text")
def test_the_text_is_the_posted_one_byte_for_byte_until_it_is_filled_in(empty: Settings):
    text = policy.render(policy.document(empty, "1.0"))
    assert hashlib.sha256(text.encode()).hexdigest() == POSTED
    assert policy.placeholders(text) == ["[Date]", "[Your Email Address]"]
    shown = policy.of(empty, policy.in_force(empty))
    assert policy.placeholders(shown) == []
    assert shown == text.replace("[Date]", "2026-01-01").replace("[Your Email Address]", "officer@studio.test")


def test_the_text_is_that_of_the_owners_file(empty: Settings):
    file = Path(__file__).resolve().parents[4] / "shared" / "policy" / "privacy-policy.md"
    if not file.is_file():
        pytest.skip("the owner's file is not here")
    assert policy.render(policy.document(empty, "1.0")) == file.read_text(encoding="utf-8")


def test_what_is_shown_has_the_dates_of_its_version_and_the_contact(empty: Settings, later: Later):
    settings = later(empty, "2026-03-01")
    ran = CliRunner().invoke(command, ["show", "1.1", "-w", str(settings.root)])
    assert ran.exit_code == 0
    assert "**Effective Date: 2026-03-15**  \n**Last Updated: 2026-03-01**" in ran.stdout
    assert "**Email:** officer@studio.test" in ran.stdout


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[commitments]", "[commitment]", "unknown key commitment.*Did you mean commitments"),
        ('what = "Analytics providers', 'wat = "Analytics providers', "unknown key recipients.analytics.wat"),
        ("number = 2", "number = 3", "not numbered 1, 2, 3"),
        ("floor = 50", 'floor = "50"', "audiences.marketing.floor .* is not a int"),
        ("format = 1", "format = 2", "not of format 1"),
        ("format = 1", "format 1", "not valid TOML"),
        ('purposes = ["marketing"]', 'purposes = ["marketin"]', "'marketin' .*Did you mean marketing"),
        ('"sessions", "themes"]\ncolumns = ["time", "key"]', '"sesions"]\ncolumns = ["time"]', "Did you mean sessions"),
        ('columns = ["text"]', 'columns = ["txt"]', "Did you mean text"),
        ('audience = "marketing"', 'audience = "person"', "Choose one of: inside, marketing"),
        ('population = "not opted out"', 'population = "not opted in"', "Did you mean not opted out"),
        ('under = "law"', 'under = "custom"', "Choose one of: contract, law"),
        ("clause = 6", "clause = 16", "stands on a clause that there is not"),
        ("Email:** {contact_email}", "Email:** {contact_mail}", "Did you mean contact_email"),
    ],
)
def test_a_document_that_is_none_is_refused_with_the_fix(empty: Settings, later: Later, old: str, new: str, says: str):
    settings = later(empty, "2026-03-01", (old, new))
    with pytest.raises(PolicyError, match=f"(?s){says}") as refused:
        policy.document(settings, "1.1")
    assert "policy/1.1.toml" in str(refused.value)


def test_a_share_of_no_purpose_is_refused_with_the_fix(empty: Settings, later: Later):
    settings = later(empty, "2026-03-01", training=True)
    assert policy.ready(settings).version == "1.1"
    file = settings.path("workspace.toml")
    file.write_text(file.read_text().replace("training =", "trainin ="))
    with pytest.raises(PolicyError, match=r"loss\.shares\.trainin .*Did you mean training"):
        policy.ready(read(settings.root))


def test_a_difference_says_what_changes_and_what_follows(empty: Settings, later: Later):
    settings = later(
        empty,
        "2026-11-23",
        ("indefinitely, even", "for two years, even"),
        ('[recipients.ai]\nwhat = "AI service', '[recipients.ai]\nwhat = "Service'),
        ('retention = ""', 'retention = "§5"'),
        ('"projects", "sessions", "themes"]\ncolumns', '"sessions", "themes"]\ncolumns'),
        training=True,
    )
    said = CliRunner().invoke(command, ["diff", "1.0", "1.1", "-w", str(settings.root)]).stdout
    for line in (
        "policy 1.0 (posted 2026-01-01, effective 2026-01-01) -> 1.1 (posted 2026-11-23, effective 2026-12-07)",
        "§5 Information Retention",
        "  +We may retain your chat conversations and associated data for two years, even after account deletion",
        "purpose marketing: no longer reads projects (key, time)",
        "purpose training: added. Training models (§4; inside; counts all)",
        "purpose training: reads events (key, time), counts rows collected since 2026-12-07 only",
        "recipients ai: Service providers, for example to process your requests, was AI service providers",
        "commitment retention: §5, was nothing",
    ):
        assert f"\n{line}" in f"\n{said}", line
    back = CliRunner().invoke(command, ["diff", "1.1", "1.0", "-w", str(settings.root)]).stdout
    assert "purpose training: removed." in back
    assert "nothing changes" in CliRunner().invoke(command, ["diff", "1.0", "1.0", "-w", str(settings.root)]).stdout


def test_what_the_policy_lacks_is_said_and_nothing_is_edited(empty: Settings):
    before = {file: file.read_bytes() for file in empty.root.rglob("*") if file.is_file()}
    ran = CliRunner().invoke(command, ["check", "-w", str(empty.root)])
    assert ran.exit_code == 0
    for said in (
        "1798.140(m)",
        "chats: no limit set (policy §5). GDPR Art. 5(1)(e) and Cal. Civ. Code 1798.100(a)(3) expect a period.",
        "no retention period",
        "Global Privacy Control",
        'opt out of "sale" alone',
        "no lawful basis is named for usage, cohorts, marketing, exploration, revisions",
        "no recipient with a contract is registered as cloud, ai, analytics, payment",
    ):
        assert said in ran.stdout, said
    assert before == {file: file.read_bytes() for file in empty.root.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("[floors]", "[retention]\nchats = 90\n\n[floors]", "chats: no limit"),
        (
            "[floors]",
            f"{RECIPIENT}\n[floors]",
            "registered as cloud",
        ),
    ],
)
def test_what_is_there_is_not_lacked(empty: Settings, old: str, new: str, gone: str):
    assert any(gone in said for said in policy.lacks(empty))
    file = empty.path("workspace.toml")
    file.write_text(file.read_text().replace(old, new, 1))
    assert not any(gone in said for said in policy.lacks(read(empty.root)))


def test_what_a_later_document_says_is_not_lacked(empty: Settings, later: Later):
    names = ("deidentified", "retention", "opt_out_signal", "sharing")
    bases = [('lawful_basis = ""', 'lawful_basis = "6(1)(f)"')] * 5
    settings = later(empty, "2026-03-01", *((f'{name} = ""', f'{name} = "§4"') for name in names), *bases)
    assert not any("the policy has" in said or "lawful" in said for said in policy.lacks(settings))


def test_a_floor_below_the_policys_and_a_contact_at_this_machine_are_said(empty: Settings):
    file = empty.path("workspace.toml")
    file.write_text(file.read_text().replace("marketing = 50", "marketing = 5").replace("@studio.test", "@localhost"))
    said = "\n".join(policy.lacks(read(empty.root)))
    assert "floors.marketing in workspace.toml is below the policy's 50" in said
    assert "reaches this machine only (policy §12)" in said

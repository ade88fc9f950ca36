"""``pa account erase``: look first, then confirm; nobody is erased where somebody is unknown."""

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics.cli.account import account
from privacy_analytics.errors import NotFound, PrivacyAnalyticsError, UsageError
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.rights.erase import Erasure
from privacy_analytics.rights.requests import Requests
from privacy_analytics.scrub.identities import IdentityHasher

BY = ("--by", "N. N.")


@pytest.fixture
def settings(empty):
    """Two accounts, u-1 and u-2, with an e-mail each."""
    lake, hasher = Lake(empty.path("lake")), IdentityHasher(*empty.secret_keys())
    rows = [{"account": hasher.pseudonym(f"u-{n}"), "hash": hasher.identifier_hash(f"{n}@studio.test")} for n in (1, 2)]
    lake.add("identities", pl.DataFrame(rows).with_columns(type=pl.lit(None), words=pl.lit(None), month=pl.lit(ALWAYS)))
    return empty


@pytest.fixture
def pa(settings):
    def run(*words, people=""):
        line = ["erase", *BY, *words, "-w", str(settings.root)]
        return CliRunner().invoke(account, line, input=people, catch_exceptions=False).stdout

    return run


def entered(settings):
    return Requests(settings, Lake(settings.path("lake"))).all()


def test_it_wants_to_be_looked_at_first(pa, settings):
    for flags in ((), ("--dry-run", "--confirm")):
        with pytest.raises(UsageError, match="Look first: --dry-run; then --confirm"):
            pa(*flags, people="u-1\n")
    assert entered(settings) == []


def test_a_dry_run_counts_by_store_and_enters_nothing(pa, settings):
    said = pa("--dry-run", people="u-1\n")
    assert "identities           1 row(s)" in said
    assert "1 account(s). Nothing was changed." in said
    assert entered(settings) == []


def test_one_unknown_person_and_nobody_is_erased(pa, settings):
    with pytest.raises(NotFound, match="No such account") as refused:
        pa("--confirm", people="u-1\nu-9\n")
    assert refused.value.exit_code == 20
    assert entered(settings) == []
    assert (
        Lake(settings.path("lake")).scan("identities", ALWAYS, Lake(settings.path("lake")).batches()).collect().height
        == 2
    )


def test_each_person_has_a_request_and_done_is_done(pa, settings):
    said = pa("--confirm", people="1@studio.test\nu-2\n")
    assert said.count("erased 1 account(s); receipt ") == 2
    first = entered(settings)[0]
    before = settings.path("requests", first.id, "record.json").read_bytes()
    assert pa("--confirm", "--request", first.id) == f"{first.id} is done ({first.answered}); nothing was changed.\n"
    assert settings.path("requests", first.id, "record.json").read_bytes() == before
    with pytest.raises(NotFound, match="erased before"):
        pa("--confirm", people="u-2\n")


def test_entered_alone_it_waits_with_its_clocks(pa, settings):
    said = pa("--enter", people="u-1\n")
    (waits,) = entered(settings)
    assert (waits.state, waits.frozen["stores"]) == ("open", {"identities": 1})
    assert f"--confirm --request {waits.id}" in said
    assert "erased 1 account(s)" in pa("--confirm", people="u-1\n")
    assert [each.state for each in entered(settings)] == ["done"]


def test_a_partial_one_is_carried_on_by_its_id(pa, settings):
    page = settings.path("runs", "page.pdf")
    page.write_bytes(b"%PDF-1.7")
    with pytest.raises(PrivacyAnalyticsError, match=r"1 request\(s\) are partial") as refused:
        pa("--confirm", people="u-1\n")
    (cut,) = entered(settings)
    assert cut.id in str(refused.value)
    assert cut.state == "partial"
    page.unlink()
    assert "erased 1 account(s)" in pa("--confirm", "--request", cut.id)


def test_who_is_half_gone_is_told_how_to_go_on(pa, settings, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Erasure, "_finish", lambda *_: None)
        pa("--confirm", people="1@studio.test\n")
    (cut,) = entered(settings)
    with pytest.raises(NotFound, match=f"carried on with --request: {cut.id}"):
        pa("--confirm", people="1@studio.test\n")
    assert "erased 1 account(s)" in pa("--confirm", "--request", cut.id)

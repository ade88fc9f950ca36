"""``pa account opt-out`` and the like: people come in by standard input, one request each, all or none."""

import json
from datetime import date

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics.cli.account import account
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.rights.requests import Requests
from privacy_analytics.scrub.identities import IdentityHasher

DAY = date(2026, 1, 2)
BY = ("--by", "N. N.")
MATTER = ("--reference", "2026-CV-118", "--reason", "litigation")


@pytest.fixture
def settings(empty):
    """Two accounts, u-1 and u-2, with an e-mail each."""
    lake, hasher = Lake(empty.path("lake")), IdentityHasher(*empty.secret_keys())
    rows = [{"account": hasher.pseudonym(f"u-{n}"), "hash": hasher.identifier_hash(f"{n}@studio.test")} for n in (1, 2)]
    made = pl.DataFrame(rows).with_columns(type=pl.lit(None), words=pl.lit(None), month=pl.lit(ALWAYS))
    lake.add("identities", made)
    return empty


@pytest.fixture
def pa(settings):
    def run(*words, people=""):
        done = CliRunner().invoke(account, [*words, "-w", str(settings.root)], input=people, catch_exceptions=False)
        return done.stdout

    return run


@pytest.fixture
def lake(settings):
    return Lake(settings.path("lake"))


def entered(settings):
    return Requests(settings, Lake(settings.path("lake"))).all()


def test_each_person_has_a_request_of_their_own_with_receipt_and_letter(pa, settings, lake):
    said = pa("opt-out", *BY, "--received", "2026-01-02", people="u-1\n2@studio.test\n")
    assert said.count("opt-out: done for 1 account(s)") == 2
    assert "Do not ask them to opt in before" in said
    assert [(each.received.isoformat(), each.by) for each in entered(settings)] == [("2026-01-02", "N. N.")] * 2
    for each in entered(settings):
        assert json.loads(settings.path("requests", each.id, "receipt.json").read_text())["kind"] == "opt-out"
        assert each.id in settings.path("requests", each.id, "letter-done.md").read_text()
    assert lake.marked("opt_out").collect().height == 2


def test_a_request_file_does_instead_of_standard_input(pa, lake, tmp_path):
    (tmp_path / "people.txt").write_text("u-1\n")
    pa("limit", *BY, "--request-file", str(tmp_path / "people.txt"))
    assert lake.marked("limit").collect().height == 1


def test_where_one_of_them_is_unknown_nothing_is_done_for_anybody(pa, settings, lake):
    with pytest.raises(NotFound, match=r"No such account .looked in \d+ stores") as refused:
        pa("opt-out", *BY, people="u-1\nnobody@studio.test\n")
    assert refused.value.exit_code == 20
    assert "nobody" not in str(refused.value)
    assert entered(settings) == []
    assert lake.marked("opt_out").collect().is_empty()


@pytest.mark.parametrize("words", [("opt-out",), ("close",), ("hold", *MATTER)])
def test_a_dry_run_says_what_would_be_done_and_does_nothing(pa, settings, words):
    before = sorted((file, file.read_bytes()) for file in settings.root.rglob("*") if file.is_file())
    said = pa(*words, *BY, "--dry-run", people="u-1\nu-2\n")
    assert f"{words[0]}: would be done for 2 account(s). Nothing was changed." in said
    after = sorted((file, file.read_bytes()) for file in settings.root.rglob("*") if file.is_file())
    assert [(file, data) for file, data in after if file.parent.name != "lake"] == [
        (file, data) for file, data in before if file.parent.name != "lake"
    ]


def test_a_hold_is_set_and_lifted_by_its_matter(pa, settings, lake):
    assert " H-" in pa("hold", *BY, *MATTER, people="u-1\n")
    account = lake.marked("hold").collect()["account"]
    requests = Requests(settings, lake)
    waiting = requests.create("erase", account, by="N. N.", received=DAY)
    requests.step(waiting, "deferred", "deferred")
    said = pa("unhold", *BY, *MATTER[:2], people="u-1\n")
    assert f"pa account erase --by NAME --confirm --request {waiting.id}" in said
    assert lake.marked("hold").collect().is_empty()
    assert not list(settings.path("requests").rglob("letter*"))


@pytest.mark.parametrize(
    "words",
    [
        ("hold", *MATTER[2:]),
        ("hold", *MATTER[:2]),
        ("hold", "--reference", "Smith v. Jones", *MATTER[2:]),
        ("hold", "--reference", "Smith", *MATTER[2:]),
        ("unhold",),
        ("close",),
        ("close", "--confirm", "--dry-run"),
        ("close", "--confirm", "--enter"),
        ("opt-out", "--received", "2999-01-01"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_entered(pa, settings, words):
    with pytest.raises(UsageError):
        pa(*words, *BY, people="u-1\n")
    assert entered(settings) == []


def test_closing_wants_to_be_confirmed_and_says_what_erases(pa, lake):
    assert "pa account erase" in pa("close", *BY, "--confirm", people="1@studio.test\n")
    assert lake.scan("identities", ALWAYS, lake.batches()).collect().height == 1


def test_a_held_account_is_not_closed_and_the_letter_says_so(pa, settings, lake):
    pa("hold", *BY, *MATTER, people="u-1\n")
    said = pa("close", *BY, "--confirm", people="u-1\n")
    assert "deferred: hold H-" in said
    assert "; letter drafted; analytics excluded from now" in said
    assert [file.name for file in settings.path("requests").rglob("letter*")] == ["letter-deferred.md"]
    assert lake.scan("identities", ALWAYS, lake.batches()).collect().height == 2


def test_a_request_can_be_entered_now_and_carried_out_later(pa, settings, lake):
    said = pa("close", *BY, "--received", "2026-01-02", "--enter", people="u-1\n")
    (request,) = entered(settings)
    assert f"{request.id}  close: entered for 1 account(s)  acknowledge by 2026-01-16, answer by 2026-02-16" in said
    assert f"pa account close --by NAME --confirm --request {request.id}" in said
    assert (request.state, lake.scan("identities", ALWAYS, lake.batches()).collect().height) == ("open", 2)
    with pytest.raises(UsageError, match="is entered"):
        pa("opt-out", *BY, "--enter", "--request", request.id)
    pa("close", *BY, "--confirm", "--request", request.id)
    assert (entered(settings)[0].state, entered(settings)[0].received) == ("done", DAY)


def test_a_request_that_was_cut_short_is_carried_on_and_nobody_is_named_again(pa, settings, lake):
    hasher = IdentityHasher(*settings.secret_keys())
    requests = Requests(settings, lake)
    open_one = requests.create("limit", [hasher.pseudonym("u-1")], by="N. N.", received=DAY)
    assert "would be done for 1" in pa("limit", *BY, "--request", open_one.id, "--dry-run")
    assert f"{open_one.id}  limit: done" in pa("limit", *BY, "--request", open_one.id)
    assert lake.marked("limit").collect().height == 1
    with pytest.raises(UsageError, match="pa account limit"):
        pa("opt-out", *BY, "--request", open_one.id)

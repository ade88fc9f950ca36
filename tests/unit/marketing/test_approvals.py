"""Approvals and recalls: by name, with an end, for a reason, written down once."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import date

import pytest

from privacy_analytics.errors import NotFound, PolicyError, UsageError
from privacy_analytics.marketing.approvals import Approvals, months_after
from privacy_analytics.marketing.statistics import Statistic
from privacy_analytics.marketing.terms import REASONS
from privacy_analytics.signing import named

TODAY = date(2026, 11, 23)


@pytest.fixture
def approvals(tmp_path):
    return Approvals(tmp_path / "approved")


@pytest.fixture
def approved(approvals):
    def made(statistic, by="N. N.", on=TODAY, until=None):
        terms = {"floor": 50, "population": "not opted out"}
        approval = approvals.approval(statistic, report="2026-10/case_study", by=by, on=on, until=until, **terms)
        approvals.save(approval)
        return approval

    return made


def test_an_approval_is_one_private_file_that_reads_back(approvals, approved, said):
    approval = approved(said[0], by="Ada Lovelace, privacy officer")
    (file,) = approvals.folder.iterdir()
    assert file.name == f"{said[0].id}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert approvals.all() == [approval]
    assert json.loads(file.read_text())["by"] == "Ada Lovelace, privacy officer"


def test_an_approval_holds_twelve_months_unless_it_says_otherwise(approved, said):
    assert approved(said[0]).until == date(2027, 11, 23)
    assert approved(said[1], until=date(2027, 10, 31)).until == date(2027, 10, 31)


@pytest.mark.parametrize("until", [TODAY, date(2026, 1, 1), date(2029, 1, 1)])
def test_an_approval_ends_later_and_within_two_years(approved, said, until):
    with pytest.raises(UsageError):
        approved(said[0], until=until)


def test_the_last_day_counts_and_the_next_does_not(approvals, approved, said):
    approved(said[0], until=date(2027, 10, 31))
    assert approvals.current(date(2027, 10, 31))
    assert not approvals.current(date(2027, 11, 1))


def test_a_month_later_is_the_last_day_of_a_shorter_one():
    assert months_after(date(2027, 1, 31), 13) == date(2028, 2, 29)
    assert months_after(date(2026, 12, 5), 1) == date(2027, 1, 5)


@pytest.mark.parametrize("at", [4, 5])
def test_what_the_numbers_do_not_support_is_never_approved(approvals, approved, said, at):
    with pytest.raises(UsageError):
        approved(said[at])
    assert not approvals.folder.exists()


def _with(statistic, store, **change):
    """The same sentence over releases that differ."""
    for each in statistic.releases:
        store.put(each.id, replace(each, **change).to_json())
    return Statistic(statistic.spec, store)


@pytest.mark.parametrize("change", [{"population": "all"}, {"floor": 20}])
def test_what_counts_opted_out_accounts_or_shows_small_numbers_is_refused(approvals, approved, said, store, change):
    with pytest.raises(PolicyError):
        approved(_with(said[0], store, **change))
    assert not approvals.folder.exists()


def test_one_release_of_opted_out_accounts_is_enough_to_refuse(approved, said, store):
    first = said[1].releases[-1]
    store.put(first.id, replace(first, population="all").to_json())
    with pytest.raises(PolicyError):
        approved(Statistic(said[1].spec, store))


def test_an_approval_is_never_edited(approvals, approved, said):
    first = approved(said[0])
    with pytest.raises(UsageError):
        approved(said[0], by="Somebody else")
    with pytest.raises(UsageError):
        approvals.save(replace(first, by="Somebody else"))
    assert approvals.all() == [first]
    assert [file.name for file in approvals.folder.iterdir()] == [f"{first.id}.json"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "Ada\nLovelace",
        "<b>Ada</b>",
        "ada@example.com",
        "Ada 555 0100",
        '"x" onclick',
        "A" * 81,
        "Ada\u202e",
        "{{x}}",
    ],
)
def test_a_name_that_could_be_anything_else_is_refused(approved, said, name):
    with pytest.raises(UsageError):
        approved(said[0], by=name)


@pytest.mark.parametrize("name", ["N. N., privacy officer", "Zoë O’Neill-Ångström", "李明", "R&D (Berlin)"])
def test_people_have_names_of_many_kinds(name):
    assert named(f" {name} ") == name


def test_a_recall_has_a_reason_of_the_list_and_none_is_about_a_person(approvals, approved, said):
    approved(said[0])
    with pytest.raises(UsageError):
        approvals.recall(said[0].id, by="N. N.", reason="erasure", on=TODAY)
    assert not any(word in f"{key} {words}" for key, words in REASONS.items() for word in ("person", "eras", "account"))
    recall = approvals.recall(said[0].id, by="N. N.", reason="superseded", on=TODAY)
    assert approvals.recalls() == {said[0].id: recall}
    assert not approvals.current(TODAY)
    assert len(approvals.all()) == 1  # the approval stays as it was


def test_what_was_never_approved_cannot_be_recalled(approvals, said):
    with pytest.raises(NotFound):
        approvals.recall(said[0].id, by="N. N.", reason="superseded", on=TODAY)
    with pytest.raises(NotFound):
        approvals.recall("../../etc/passwd", by="N. N.", reason="superseded", on=TODAY)


def test_a_recalled_statistic_is_not_approved_again(approvals, approved, said):
    approved(said[0])
    approvals.recall(said[0].id, by="N. N.", reason="misleading", on=TODAY)
    with pytest.raises(UsageError):
        approved(said[0])
    with pytest.raises(UsageError):
        approvals.recall(said[0].id, by="N. N.", reason="faulty", on=TODAY)
    assert approvals.recalls()[said[0].id].reason == "misleading"

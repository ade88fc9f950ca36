"""``pa account requests``: the most urgent first, red where it is late; receipt and more time are recorded once."""

import re
from datetime import date

import pytest
from click.testing import CliRunner

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.account import account
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.rights.requests import Requests

BY = ("--by", "N. N.")
TODAY = date(2027, 1, 4)
RED = "\x1b[31m"


@pytest.fixture
def requests(empty):
    return Requests(empty, Lake(empty.path("lake")))


@pytest.fixture
def pa(empty, monkeypatch):
    monkeypatch.setattr(Desk, "today", TODAY)

    def run(*words):
        done = CliRunner().invoke(account, [*words, "-w", str(empty.root)], catch_exceptions=False, color=True)
        return done.stdout

    return run


@pytest.fixture
def entered(requests):
    """Enter a request; one at a time, with a number of its own."""

    def enter(kind, received, state=None, **changed):
        made = requests.create(kind, [f"{len(requests.all()):032x}"], by="N. N.", received=date.fromisoformat(received))
        return requests.step(made, state, "so", **changed) if state else made

    return enter


def test_the_most_urgent_comes_first_and_red_where_it_is_late_or_soon(pa, entered):
    acknowledged = {"acknowledged": date(2026, 12, 1)}
    relaxed = entered("access", "2026-12-31")
    soon = entered("erase", "2026-11-23", "working", **acknowledged)
    late = entered("opt-out", "2026-11-23")
    done = entered("limit", "2026-11-23", "done", answered=date(2026, 11, 23))
    lines = pa("requests").splitlines()
    assert [line.split()[0] for line in lines[1:4]] == [late.id, soon.id, relaxed.id]
    assert f"{RED}overdue by 20 (answer)" in lines[1]
    assert f"2026-12-01    2027-01-07  {RED}3 (answer)" in lines[2]
    assert "2027-02-14  11 (acknowledge)" in lines[3]
    assert RED not in lines[3]
    assert lines[4] == "3 open, 1 overdue; 1 done (--all)"
    assert done.id in pa("requests", "--all").splitlines()[4]


def test_what_waits_for_a_hold_stays_in_the_list_and_is_never_overdue(pa, entered):
    deferred = entered("erase", "2026-11-23", "deferred")
    assert re.search(rf"{deferred.id} +erase +deferred .*–$", pa("requests").splitlines()[1])


def test_one_request_is_shown_with_its_steps_and_files(pa, entered, requests):
    one = entered(
        "access", "2026-12-31", "partial", acknowledged=TODAY, frozen={"rows": {"chats": 3}, "exports": False}
    )
    requests.path(one, "letter-done.md").write_text("Dear …")
    said = pa("requests", one.id)
    assert "answer by 2027-02-14" in said
    assert "partial   so" in said
    assert "  rows: chats 3\n  exports: no\n" in said
    assert f"requests/{one.id}/letter-done.md" in said
    with pytest.raises(NotFound):
        pa("requests", "R-0000000000")


def test_receipt_is_confirmed_once_with_a_letter(pa, entered, requests, empty):
    one = entered("erase", "2026-12-31", "working")
    pa("acknowledge", one.id, *BY)
    assert (requests.get(one.id).acknowledged, requests.get(one.id).state) == (TODAY, "working")
    assert "by 2027-02-14" in requests.path(one, "letter-acknowledged.md").read_text()
    assert [each.action for each in AuditLog(empty).entries()] == ["request", "acknowledge"]
    with pytest.raises(UsageError, match="already"):
        pa("acknowledge", one.id, *BY)
    with pytest.raises(UsageError, match="Nobody waits"):
        pa("acknowledge", entered("hold", "2026-12-31").id, *BY)


@pytest.mark.parametrize("received", ["2026-11-20", "2026-12-31"])
def test_more_time_is_taken_once_with_a_notice_before_the_first_deadline_is_over(pa, entered, requests, received):
    """Received on 20 November: today is the 45th day."""
    one = entered("erase", received)
    said = pa("extend", one.id, *BY, "--reason", "complexity")
    assert requests.get(one.id).extended == TODAY
    assert "is complex" in requests.path(one, "letter-extended.md").read_text()
    by = {"2026-11-20": "2027-02-18", "2026-12-31": "2027-03-31"}[received]
    assert f"answer by {by}" in said
    with pytest.raises(UsageError, match="only once"):
        pa("extend", one.id, *BY, "--reason", "complexity")


@pytest.mark.parametrize(
    ("kind", "received", "state", "why"),
    [
        ("erase", "2026-11-19", None, "too late"),
        ("opt-out", "2026-12-31", None, "no extension"),
        ("erase", "2026-12-31", "done", "is answered"),
    ],
)
def test_there_is_no_more_time(pa, entered, requests, kind, received, state, why):
    one = entered(kind, received, state)
    with pytest.raises(UsageError, match=why):
        pa("extend", one.id, *BY, "--reason", "complexity")
    assert not requests.path(one, "letter-extended.md").exists()


def test_nobody_asked_for_anything(pa):
    assert pa("requests") == "0 open, 0 overdue; 0 done\n"

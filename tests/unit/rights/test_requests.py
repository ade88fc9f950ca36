"""A request's record survives, holds no person, and says whose it is only until that person is erased."""

from datetime import date

import polars as pl
import pytest

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import NotFound
from privacy_analytics.lake import Lake, rewrite
from privacy_analytics.rights.requests import Requests

A, B = "a" * 32, "b" * 32
DAY = date(2026, 11, 20)


@pytest.fixture
def requests(empty):
    return Requests(empty, Lake(empty.path("lake")))


def test_a_request_is_read_back_as_it_was_written(requests):
    made = requests.create("erase", [B, A], by="N. N.", received=DAY, frozen={"exports": False})
    later = requests.step(made, "partial", "events failed", acknowledged=DAY)
    assert requests.get(made.id) == later
    assert (later.state, later.accounts, later.acknowledged) == ("partial", 2, DAY)
    assert requests.accounts(later) == (A, B)
    assert requests.about([A]) == [made.id]


def test_records_and_log_hold_no_pseudonym(requests, empty):
    requests.create("access", [A], by="N. N.", received=DAY)
    for file in (*requests.folder.rglob("*"), empty.path("logs", "audit.jsonl")):
        assert not file.is_file() or A not in file.read_text()


def test_once_the_subject_is_erased_nobody_can_tell_whose_it_was(requests, empty):
    made = requests.create("erase", [A], by="N. N.", received=DAY)
    rewrite(requests.lake, "subjects", pl.col("account") == A)
    assert requests.accounts(requests.get(made.id)) == ()
    assert AuditLog(empty).verify()[0] == 1


def test_an_unknown_request_is_told(requests):
    for name in ("R-0123456789", "../../private", "R-"):
        with pytest.raises(NotFound, match="no such request"):
            requests.get(name)

"""When a month is read: it waits for its files, is read once, and is read again where rows came late."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from privacy_analytics import snapshots
from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import NotFound, TryLater, UsageError
from privacy_analytics.lake import Lake, new_batch
from privacy_analytics.settings import Schedule, Settings
from privacy_analytics.snapshots import Snapshot, missing, named, revise, snapshot

MONTH = "2026-10"
AT_TWO = datetime(2026, 11, 1, 2, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 4, tzinfo=UTC)
LATER = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def waiting(october: Settings) -> Settings:
    """A workspace with rows of October that expects whole events and chats."""
    return expecting(october, "events", "chats")


def expecting(settings: Settings, *tables: str) -> Settings:
    return replace(settings, operating=replace(settings.operating, schedule=Schedule(tables, 72)))


def whole(settings: Settings, through: str, *tables: str) -> None:
    """A committed batch without rows that says through which day its tables are whole."""
    Lake(settings.path("lake")).commit(new_batch(), {"through": through, "tables": sorted(tables)})


def test_a_month_is_complete_once_every_table_is_whole_through_its_last_day(waiting):
    assert missing(waiting, MONTH) == ("events", "chats")
    whole(waiting, "2026-10-31", "events")
    whole(waiting, "2026-10-30", "chats")
    assert missing(waiting, MONTH) == ("chats",)
    whole(waiting, "2026-12-04", "chats", "support")
    whole(waiting, "2026-09-30", "events", "chats")  # what an older export says takes nothing back
    assert missing(waiting, MONTH) == ()
    frozen = snapshot(waiting, MONTH, waits=True, now=AT_TWO)
    assert (frozen.token, frozen.provisional) == ("2026-10.r0", False)


def test_a_job_waits_for_missing_files_and_names_their_tables_alone(waiting):
    whole(waiting, "2026-10-31", "events")
    for now in (AT_TWO, DEADLINE - timedelta(seconds=1)):
        with pytest.raises(TryLater, match=r"all of chats\..*--through 2026-10-31.*2026-11-04 00:00") as refused:
            snapshot(waiting, MONTH, waits=True, now=now)
    dates = r"\d{4}-\d\d(-\d\d)?|\d\d:\d\d"
    assert not re.search(r"\d", re.sub(dates, "", str(refused.value)))
    assert not list(waiting.path("snapshots").iterdir())


def test_after_the_wait_a_month_is_read_as_it_is_and_stays_provisional(waiting):
    frozen = snapshot(waiting, MONTH, waits=True, now=DEADLINE)
    assert frozen.provisional
    whole(waiting, "2026-10-31", "events", "chats")
    assert snapshot(waiting, MONTH, waits=True, now=LATER) == frozen


def test_the_wait_is_in_real_hours_from_the_months_end_where_the_workspace_is(waiting):
    there = replace(waiting, timezone="America/New_York")  # its clocks are put back on 1 November
    end = datetime(2026, 11, 1, 4, tzinfo=UTC)
    with pytest.raises(TryLater, match="2026-11-03 23:00"):
        snapshot(there, MONTH, waits=True, now=end + timedelta(hours=72, seconds=-1))
    assert snapshot(there, MONTH, waits=True, now=end + timedelta(hours=72)).provisional


def test_somebody_who_asks_does_not_wait_but_is_told(waiting):
    assert snapshot(waiting, MONTH, now=AT_TWO).provisional


def test_without_expected_tables_a_month_is_complete_when_it_is_over(october):
    assert not snapshot(october, MONTH, waits=True, now=AT_TWO).provisional
    with pytest.raises(TryLater, match="not over"):
        snapshot(october, "2026-10", waits=True, now=datetime(2026, 10, 31, 23, tzinfo=UTC))


def test_a_job_waits_for_a_month_of_which_nothing_came_yet(empty):
    awaited = expecting(empty, "events")
    with pytest.raises(TryLater, match="all of events"):
        snapshot(awaited, MONTH, waits=True, now=AT_TWO)
    with pytest.raises(NotFound):
        snapshot(awaited, MONTH, waits=True, now=DEADLINE)


def test_a_snapshot_of_an_earlier_version_can_be_read(october):
    old = {"token": "2026-10.r0", "month": MONTH, "batches": ["a", "b"]}
    october.path("snapshots", "2026-10.r0.json").write_text(json.dumps(old))
    assert snapshot(october, MONTH, now=LATER) == Snapshot("2026-10.r0", MONTH, ("a", "b"), provisional=False)


def test_a_snapshot_is_one_line_of_the_audit_log(waiting):
    for _ in range(2):
        snapshot(waiting, MONTH, now=LATER)
    assert [(each.action, each.facts) for each in AuditLog(waiting).entries()] == [
        ("snapshot", {"token": "2026-10.r0", "batches": 1})
    ]


def late(settings: Settings, add: Any, events: Any, month: str = MONTH) -> None:
    add(settings, events=events(range(4000, 4100), month=month))


def test_late_rows_are_in_no_first_snapshot_and_in_the_revision(october, add, events):
    first = snapshot(october, MONTH, now=LATER)
    late(october, add, events)
    made = revise(october, MONTH, now=LATER)
    assert (made.token, made.month, made.revision, first.revision) == ("2026-10.r1", MONTH, 1, 0)
    assert made.batches == Lake(october.path("lake")).batches()
    assert set(first.batches) < set(made.batches)
    assert snapshot(october, MONTH, now=LATER) == first == named(october, "2026-10.r0", now=LATER)
    assert named(october, "2026-10.r1", now=LATER) == made


def test_without_newer_rows_the_newest_revision_is_the_answer(october, add, events):
    ninth = {"token": "2026-10.r9", "month": MONTH, "batches": snapshot(october, MONTH, now=LATER).batches}
    october.path("snapshots", "2026-10.r9.json").write_text(json.dumps(ninth))
    for number in (10, 11):
        late(october, add, events)
        assert revise(october, MONTH, now=LATER).revision == number
        late(october, add, events, month="2026-11")
        assert revise(october, MONTH, now=LATER).revision == number


def test_where_nothing_is_late_there_is_nothing_to_revise(october, add, events):
    with pytest.raises(NotFound, match=r"after 2026-10\.r0: there is nothing to revise"):
        revise(october, MONTH, now=LATER)
    late(october, add, events, month="2026-11")
    Lake(october.path("lake")).mark([f"{5:032x}"], "opted_out", is_set=True, at=LATER)
    with pytest.raises(NotFound, match="nothing to revise"):
        revise(october, MONTH, now=LATER)
    with pytest.raises(NotFound, match=r"newest snapshot is 2026-10\.r0"):
        named(october, "2026-10.r1", now=LATER)


def test_a_revision_brings_accounts_that_came_since_but_they_alone_are_no_late_rows(october, add, events):
    snapshot(october, MONTH, now=LATER)
    add(october, accounts=pl.DataFrame({"account": [f"{4000:032x}"]}))
    with pytest.raises(NotFound, match="nothing to revise"):
        revise(october, MONTH, now=LATER)
    late(october, add, events)
    assert len(revise(october, MONTH, now=LATER).batches) == 3


def test_a_revision_is_provisional_while_files_are_missing(waiting, add, events):
    snapshot(waiting, MONTH, now=LATER)
    late(waiting, add, events)
    assert revise(waiting, MONTH, now=LATER).provisional
    whole(waiting, "2026-10-31", "events", "chats")
    late(waiting, add, events)
    assert not revise(waiting, MONTH, now=LATER).provisional


def test_of_two_who_revise_at_once_both_get_the_first_ones(october, add, events, monkeypatch):
    snapshot(october, MONTH, now=LATER)
    late(october, add, events)
    link, others = os.link, []

    def rival(source: str, target: str) -> None:
        monkeypatch.setattr(snapshots.os, "link", link)
        late(october, add, events)
        others.append(revise(october, MONTH, now=LATER))
        link(source, target)

    monkeypatch.setattr(snapshots.os, "link", rival)
    ours = revise(october, MONTH, now=LATER)
    assert [ours] == others
    assert ours.token == "2026-10.r1"
    assert sorted(file.name for file in october.path("snapshots").iterdir()) == ["2026-10.r0.json", "2026-10.r1.json"]


def test_what_a_kill_left_of_a_revision_is_no_revision(october, add, events):
    snapshot(october, MONTH, now=LATER)
    late(october, add, events)
    october.path("snapshots", "2026-10.r1.0123456789abcdef.partial").write_text('{"token": "2026-10.r')
    assert revise(october, MONTH, now=LATER).token == "2026-10.r1"


@pytest.mark.parametrize(
    "name", ["2026-10.r", "2026-10.r01", "2026-10.r1/..", "2026-13", "2026-10.p0a1b2c3d", "r1", ""]
)
def test_a_name_that_is_no_month_and_no_revision_is_refused(october, name):
    with pytest.raises(UsageError, match="YYYY-MM"):
        named(october, name, now=LATER)

"""Deadlines are right on frozen clocks: across holidays, DST, leap days, year ends and weekends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics.errors import SettingsError
from privacy_analytics.rights import clocks
from privacy_analytics.rights.clocks import answer_by, ask_again_from, business_days, day_of, status
from privacy_analytics.rights.requests import KINDS, Request

LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def request(kind, received, **more):
    return Request("R-0123456789", kind, "N. N.", date.fromisoformat(received), 1, **more)


@pytest.mark.clause("10.clocks")
@pytest.mark.parametrize(
    ("kind", "received", "acknowledge", "answer"),
    [
        ("access", "2026-11-23", "2026-12-08", "2027-01-07"),  # over Thanksgiving, and a year's end
        ("erase", "2026-12-18", "2027-01-05", "2027-02-01"),  # over Christmas and New Year
        ("correct", "2027-12-20", "2028-01-05", "2028-02-03"),  # both are Saturdays, observed on the Fridays before
        ("close", "2028-01-15", "2028-01-31", "2028-02-29"),  # a Saturday; a leap day
        ("export", "2027-01-15", "2027-02-01", "2027-03-01"),  # no leap day
        ("opt-out", "2026-11-23", None, "2026-12-15"),
        ("limit", "2026-07-01", None, "2026-07-23"),  # Independence Day is observed on Friday the 3rd
        ("hold", "2026-11-23", None, None),
        ("opt-in", "2026-11-23", None, None),
    ],
)
def test_each_kind_has_its_deadlines(kind, received, acknowledge, answer):
    one = request(kind, received)
    dated = [day and day.isoformat() for day in (clocks.acknowledge_by(one), answer_by(one))]
    assert dated == [acknowledge, answer]


def test_every_kind_is_answered_followed_or_has_no_clock():
    owed = {kind for kind in KINDS if answer_by(request(kind, "2026-11-23"))}
    assert owed == {*clocks.ANSWERED, *clocks.FOLLOWED}


def test_an_extension_makes_it_90_days_in_all():
    one = request("access", "2026-11-23", acknowledged=date(2026, 11, 24), extended=date(2027, 1, 7))
    assert answer_by(one) == date(2026, 11, 23) + timedelta(days=90)


def test_receipt_is_confirmed_first_then_it_is_answered_then_nothing_is_owed():
    one = request("access", "2026-11-23")
    today = date(2026, 12, 1)
    first = status(one, today)
    assert (first.next, first.due, first.days_left, first.urgent) == ("acknowledge", date(2026, 12, 8), 7, False)
    confirmed = replace(one, acknowledged=today)
    second = status(confirmed, today)
    assert (second.next, second.due, second.days_left) == ("answer", date(2027, 1, 7), 37)
    answered = status(replace(confirmed, answered=today), date(2028, 1, 1))
    assert (answered.next, answered.days_left, answered.urgent, answered.overdue) == (None, None, False, False)


@pytest.mark.parametrize(
    ("today", "left", "urgent", "overdue"),
    [("2026-12-31", 7, False, False), ("2027-01-01", 6, True, False), ("2027-01-07", 0, True, False),
     ("2027-01-08", -1, True, True)],
)  # fmt: skip
def test_a_deadline_is_urgent_under_7_days_and_over_the_day_after_it(today, left, urgent, overdue):
    one = request("access", "2026-11-23", acknowledged=date(2026, 11, 24))
    found = status(one, date.fromisoformat(today))
    assert (found.days_left, found.urgent, found.overdue) == (left, urgent, overdue)


@pytest.mark.parametrize(
    ("code", "expected"), [("US", "2026-12-08"), ("US-CA", "2026-12-09"), ("DE", "2026-12-07"), ("GB", "2026-12-07")]
)
def test_business_days_are_those_of_the_workspaces_country(code, expected):
    """California has the day after Thanksgiving off, too; Europe has neither."""
    assert business_days(date(2026, 11, 23), 10, code).isoformat() == expected


@pytest.mark.parametrize("code", ["ZZ", "US-ZZ"])
def test_a_country_whose_holidays_nobody_knows_is_told(code):
    with pytest.raises(SettingsError, match=r"rights\.holidays"):
        business_days(date(2026, 11, 23), 10, code)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-08T07:59:59", "2026-03-07"),  # a second to midnight in winter time
        ("2026-03-08T08:00:00", "2026-03-08"),
        ("2026-03-09T06:59:59", "2026-03-08"),  # clocks went forward: that day has 23 hours
        ("2026-03-09T07:00:00", "2026-03-09"),
        ("2026-11-01T06:59:59", "2026-10-31"),
        ("2026-11-01T07:00:00", "2026-11-01"),
        ("2026-11-02T07:59:59", "2026-11-01"),  # clocks went back: that day has 25 hours
        ("2026-11-02T08:00:00", "2026-11-02"),
        ("2028-02-29T08:00:00", "2028-02-29"),
        ("2027-01-01T07:59:59", "2026-12-31"),
    ],
)
def test_an_instant_lies_in_the_workspaces_own_day(instant, day):
    assert day_of(datetime.fromisoformat(instant).replace(tzinfo=UTC), LOS_ANGELES).isoformat() == day


def test_45_days_across_dst_are_45_days():
    for received in (date(2026, 2, 20), date(2026, 10, 10)):
        noon = datetime(received.year, received.month, received.day, 12, tzinfo=LOS_ANGELES)
        by = answer_by(request("access", day_of(noon, LOS_ANGELES).isoformat()))
        assert by == day_of(noon + timedelta(days=45), LOS_ANGELES)


@pytest.mark.parametrize(
    ("opted_out", "again"), [("2026-11-23", "2027-11-23"), ("2028-02-29", "2029-03-01"), ("2027-02-28", "2028-02-28")]
)
def test_nobody_is_asked_to_opt_in_for_12_months(opted_out, again):
    assert ask_again_from(date.fromisoformat(opted_out)).isoformat() == again


DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@settings(max_examples=60, deadline=None)
@given(day=DAYS, n=st.integers(1, 15))
def test_business_days_add_up_and_none_is_on_a_weekend(day, n):
    assert business_days(business_days(day, n), 1) == business_days(day, n + 1)
    assert business_days(day, n).isoweekday() <= 5


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(clocks.ANSWERED), received=DAYS)
def test_receipt_is_confirmed_before_it_is_answered_and_never_later_for_an_earlier_request(kind, received):
    one, later = request(kind, received.isoformat()), request(kind, (received + timedelta(days=1)).isoformat())
    assert clocks.acknowledge_by(one) < answer_by(one)
    assert clocks.acknowledge_by(one) <= clocks.acknowledge_by(later)

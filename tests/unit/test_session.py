import json
from typing import Any

import pytest

from privacy_analytics import session as session_module
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.settings import Settings

BY_FEATURE = CountAccounts("events", by="feature")


class Wire:
    """A curator at the far end of a wire: only JSON passes."""

    def __init__(self, curator: Any) -> None:
        self.curator = curator

    def call(self, name: str, request: Any) -> Any:
        return json.loads(json.dumps(self.curator.call(name, json.loads(json.dumps(request)))))


@pytest.fixture
def session(october: Settings, session_of: Any) -> session_module.Session:
    return session_of(october)


def test_everything_that_a_session_needs_passes_as_json(october: Settings, curator_of: Any):
    session = session_module.Session(Wire(curator_of(october)), month="2026-10", purpose="exploration")
    answer = session.release(BY_FEATURE)
    assert answer["chat"].value == session.release(BY_FEATURE)["chat"].value
    for shown in (session.describe(), session.preview("events"), session.budget(), session.plan(BY_FEATURE)):
        assert "<table" in shown._repr_html_()


def test_an_empty_month_is_the_last_complete_one(october: Settings, session_of: Any):
    assert session_of(october, month="").month == "2026-10"


def test_asked_again_it_says_that_nothing_was_spent(session: Any):
    first, again = session.release(BY_FEATURE), session.release(BY_FEATURE, share=0.5)
    assert "Spent rho 0.0" in first.cost
    assert "spent 0" in again.cost
    assert first.release.to_json() == again.release.to_json()


def test_planning_spends_nothing(session: Any, curator_of: Any, october: Settings):
    text = repr(session.plan(BY_FEATURE))
    assert "Nothing is spent yet" in text
    assert curator_of(october).ledger.events() == []


def test_one_question_is_never_dropped_however_wide_its_bars(session: Any):
    assert session.release(BY_FEATURE, share=0.0001).release.mechanism.sigma > 300


def test_a_report_names_its_blocks_and_what_is_too_small(session: Any):
    plan = session.plan(month=CountAccounts("events"), both=CountAccounts("events", by=["country", "day"]))
    released = plan.release()
    assert list(released) == ["month"]
    assert released.month[()].value > 0
    assert "both: from about" in released.not_shown().text
    with pytest.raises(NotFound, match="not_shown"):
        _ = released.both
    with pytest.raises(UsageError, match="no such block"):
        _ = released.canary
    assert plan.release().month.release == released.month.release


def test_a_plan_is_one_question_or_named_ones(session: Any):
    with pytest.raises(UsageError, match="Plan one question, or name several"):
        session.plan()
    with pytest.raises(UsageError, match="Plan one question, or name several"):
        session.plan(BY_FEATURE, month=BY_FEATURE)


def test_the_banner_says_whom_it_guards_against(session: Any):
    assert "embedded: this guards against accidents, not against somebody who opens the files" in repr(session)


@pytest.mark.clause("4.releases")
def test_a_session_has_no_way_to_a_row(session: Any):
    assert not {"collect", "head", "sql", "scan", "lake", "key", "ledger"} & set(dir(session))
    assert "SYNTHETIC" in repr(session.preview("events"))

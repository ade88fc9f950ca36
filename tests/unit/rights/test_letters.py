"""Letters are whole, say which request and by when, and nothing of a person."""

import re
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest

from privacy_analytics.rights import letters
from privacy_analytics.rights.letters import REASONS, Letter, draft
from privacy_analytics.rights.requests import KINDS, Request

TODAY = date(2026, 11, 24)
ASKED = Request("R-0123456789", "erase", "N. N.", date(2026, 11, 23), 1)


def test_people_are_written_to_about_everything_but_holds():
    assert {*letters.ASKED} == {*KINDS} - {"hold", "unhold"}


@pytest.mark.parametrize("kind", letters.ASKED)
@pytest.mark.parametrize("letter", get_args(Letter))
def test_every_letter_of_every_kind_is_whole(empty, letter, kind):
    text = draft(replace(ASKED, kind=kind), letter, empty, TODAY, reason="complexity")
    assert text.startswith("# Your request R-0123456789\n\n2026-11-24\n\nDear …,\n")
    assert empty.contact_email in text
    assert "{" not in text
    assert not re.search(r"[0-9a-f]{32}", text)


@pytest.mark.parametrize("reason", REASONS)
def test_a_notice_of_more_time_names_its_reason_and_the_new_day(empty, reason):
    text = draft(replace(ASKED, extended=TODAY), "extended", empty, TODAY, reason=reason)
    assert REASONS[reason] in text
    assert "by 2027-02-21" in text


def test_who_is_not_found_is_told_without_a_request(empty):
    text = draft(None, "unknown", empty, TODAY)
    assert text.startswith("# Your request\n")
    assert "no account" in text


def test_a_deferral_does_not_say_what_holds_it(empty):
    held = replace(ASKED, frozen={"hold": "H-0123ab", "reference": "2026-CV-118", "reason": "law_enforcement"})
    text = draft(held, "deferred", empty, TODAY)
    assert not any(word in text for word in ("H-0123ab", "2026-CV-118", "enforcement"))

"""A workspace whose scheduled runs tell people, and attempts to tell of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from privacy_analytics.report.attempts import attempted
from privacy_analytics.settings import Notify


@pytest.fixture
def telling(empty):
    """``telling(success=…, smtp=…)``: the workspace with these settings of notices."""

    def made(**notify):
        return replace(empty, operating=replace(empty.operating, notify=Notify(**notify)))

    return made


@pytest.fixture
def ended(empty):
    """``ended(error, cell=5, …)``: a scheduled attempt that ended so; without an error it is finished."""

    def made(error=None, place="usage_report", then=None, **facts):
        try:
            with attempted(empty.path("runs", "2026-10", place), scheduled=True, then=then) as attempt:
                attempt.snapshot = "2026-10.r0"
                vars(attempt).update(facts)
                if error:
                    raise error
        except type(error):
            pass
        return attempt

    return made

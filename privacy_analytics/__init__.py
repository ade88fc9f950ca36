"""Anonymous statistics from chat and telemetry data.

Open a workspace's month:  open_session, connect, Session
Ask a question:            CountAccounts, CountRows, Sum, Mean, Quantiles, Histogram, Retention, TopKeys
Of rows:                   Bins, Groups, Between
Of accounts:               Adopters, NewAdopters, OnPlan, OnSystem, Tenure, cohort
Show the answer:           Answer, tiles, compare
Arithmetic, free:          share, change, add, average, kept
What a page may say:       claims (a module: amount, trend, leader, riser, versus, against)
Refusals:                  PrivacyAnalyticsError

Names load when they are first used, so that importing this package is light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privacy_analytics.answers import Answer, add, average, change, compare, kept, share, tiles
    from privacy_analytics.connecting import connect
    from privacy_analytics.dp.questions import (
        Adopters,
        Between,
        Bins,
        CountAccounts,
        CountRows,
        Groups,
        Histogram,
        Mean,
        NewAdopters,
        OnPlan,
        OnSystem,
        Quantiles,
        Retention,
        Sum,
        Tenure,
        TopKeys,
        cohort,
    )
    from privacy_analytics.errors import PrivacyAnalyticsError
    from privacy_analytics.session import Session, open_session

__all__ = [
    "Adopters",
    "Answer",
    "Between",
    "Bins",
    "CountAccounts",
    "CountRows",
    "Groups",
    "Histogram",
    "Mean",
    "NewAdopters",
    "OnPlan",
    "OnSystem",
    "PrivacyAnalyticsError",
    "Quantiles",
    "Retention",
    "Session",
    "Sum",
    "Tenure",
    "TopKeys",
    "add",
    "average",
    "change",
    "cohort",
    "compare",
    "connect",
    "kept",
    "open_session",
    "share",
    "tiles",
]

_HOME = {
    "Adopters": "dp.questions",
    "Answer": "answers",
    "Between": "dp.questions",
    "Bins": "dp.questions",
    "CountAccounts": "dp.questions",
    "CountRows": "dp.questions",
    "Groups": "dp.questions",
    "Histogram": "dp.questions",
    "Mean": "dp.questions",
    "NewAdopters": "dp.questions",
    "OnPlan": "dp.questions",
    "OnSystem": "dp.questions",
    "PrivacyAnalyticsError": "errors",
    "Quantiles": "dp.questions",
    "Retention": "dp.questions",
    "Session": "session",
    "Sum": "dp.questions",
    "Tenure": "dp.questions",
    "TopKeys": "dp.questions",
    "add": "answers",
    "average": "answers",
    "change": "answers",
    "cohort": "dp.questions",
    "compare": "answers",
    "connect": "connecting",
    "kept": "answers",
    "open_session": "session",
    "share": "answers",
    "tiles": "answers",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"privacy_analytics has no {name!r}")
    return getattr(importlib.import_module(f"privacy_analytics.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__

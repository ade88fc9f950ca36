"""Questions as frozen values. Asking reads nothing; a question becomes answerable once it is *bounded*.

A question says what is wanted. A curator adds what the contract knows (public keys, bounds, population, snapshot) and
gets a ``Bounded`` question, whose canonical text is the identity of its answer: two questions with the same text have
the same answer, released once.
"""

from privacy_analytics.dp.questions.base import TIME_GRAINS, Question
from privacy_analytics.dp.questions.bounded import Bounded, Key, Value
from privacy_analytics.dp.questions.cohorts import (
    CATALOGUE,
    TENURES,
    Adopters,
    Cohort,
    NewAdopters,
    OnPlan,
    OnSystem,
    Tenure,
    cohort,
)
from privacy_analytics.dp.questions.kinds import (
    KINDS,
    ROWS,
    CountAccounts,
    CountRows,
    Histogram,
    Mean,
    Measured,
    Quantiles,
    Retention,
    Sum,
    TopKeys,
    question_from,
)
from privacy_analytics.dp.questions.steps import Between, Bins, Groups, Step, column_of

__all__ = [
    "CATALOGUE",
    "KINDS",
    "ROWS",
    "TENURES",
    "TIME_GRAINS",
    "Adopters",
    "Between",
    "Bins",
    "Bounded",
    "Cohort",
    "CountAccounts",
    "CountRows",
    "Groups",
    "Histogram",
    "Key",
    "Mean",
    "Measured",
    "NewAdopters",
    "OnPlan",
    "OnSystem",
    "Quantiles",
    "Question",
    "Retention",
    "Step",
    "Sum",
    "Tenure",
    "TopKeys",
    "Value",
    "cohort",
    "column_of",
    "question_from",
]

"""Every kind of question in every shape, for engines to agree on; ``preset_count``, ``tried`` and ``style`` are
columns of events that a workspace declares itself.
"""

from __future__ import annotations

from privacy_analytics.dp.questions import (
    TENURES,
    Adopters,
    Between,
    Bins,
    Cohort,
    CountAccounts,
    CountRows,
    Groups,
    Histogram,
    Mean,
    NewAdopters,
    OnPlan,
    OnSystem,
    Quantiles,
    Question,
    Retention,
    Sum,
    Tenure,
    TopKeys,
)

COHORTS: dict[str, Cohort] = {
    "adopters": Adopters("mix_assist"),
    "new adopters": NewAdopters("mix_assist"),
    "plan": OnPlan("free"),
    "system": OnSystem("macos"),
    **{tenure: Tenure(tenure) for tenure in TENURES},
}
DESKTOP = Groups("os", {"desktop": ["macos", "linux", "windows"], "phone": ["ios"]})

COUNTED: dict[str, Question] = {
    "everybody": CountAccounts("events"),
    "features": CountAccounts("events", by="feature", per_account=2),
    "days": CountAccounts("events", by="day", per_account=3),
    "hours": CountAccounts("events", by="hour"),
    "weeks": CountRows("events", by="week", per_cell=3),
    "the month": CountRows("events", by="month"),
    "systems and hours": CountRows("events", by=["os", "hour"], per_account=3, per_cell=2),
    "bins": CountRows("sessions", by=Bins("minutes", [5, 60]), per_account=1),
    "groups": CountAccounts("events", by=DESKTOP, where={"duration_ms": Between(0, 5)}),
    "groups and bins": CountRows("events", by=[DESKTOP, Bins("duration_ms", [0, 2.5])], per_account=2),
    "filters": CountRows("events", by="os", where={"feature": ["chat", "mix_assist"], "duration_ms": Between(high=9)}),
    "from a number on": CountAccounts("events", by="os", where={"duration_ms": Between(1)}),
    "plans": CountAccounts("accounts", by="plan_tier", where={"opted_out": False}),
    "sign-ups": CountAccounts("accounts", by="week"),
    "sign-ups by hour": CountAccounts("accounts", by="hour"),
    "all accounts": CountAccounts("accounts", where={"gpc": True}),
    "crashes": CountRows("crashes", by=["code", "os"], per_account=1),
    "nothing": CountRows("performance", by="metric"),
    "their own": CountAccounts("events", by="style", where={"tried": True, "preset_count": Between(2)}),
}  # fmt: skip
MEASURED: dict[str, Question] = {
    "sum": Sum("sessions", "minutes", by="os", bounds=(0, 300)),
    "sum of rows": Sum("events", "duration_ms", by="feature", per_account=2),
    "mean": Mean("sessions", "minutes", by="os", per_account=1),
    "mean below zero": Mean("events", "duration_ms", by="day", bounds=(-7, 3)),
    "mean of rows": Mean("events", "rows", by="feature", bounds=(0, 5)),
    "mean of totals": Mean("sessions", "minutes", of="total"),
    "mean of their own": Mean("events", "preset_count", by="week"),
    "quantiles": Quantiles("sessions", "minutes", [0.5, 0.9], by="os"),
    "quantiles of candidates": Quantiles("events", "duration_ms", [0.5], candidates=[0, 1, 2, 5, 7.5], bounds=(0, 9)),
    "histogram": Histogram("sessions", "minutes", [5, 15, 60], by="os"),
    "histogram of totals": Histogram("events", "duration_ms", [1, 2.5], of="total", bounds=(-5, 5)),
}
JOINED: dict[str, Question] = {
    "crashed": CountRows("sessions", by="os", where={"crashed": True}),
    "did not crash": CountAccounts("sessions", by="day", where={"crashed": False}),
    "since sign-up": CountAccounts("events", by=Bins("days_since_signup", [0, 7, 30])),
    "mean since sign-up": Mean("sessions", "days_since_signup", by="os"),
    "new here": CountRows("events", by="feature", where={"days_since_signup": Between(0, 20)}),
    "retention": Retention(),
    "retention of three": Retention(months=3, per_account=2),
    "retention active": Retention(cohort_by="active"),
}
OF_COHORTS: dict[str, Question] = {
    f"{name}{', the others' if rest else ''}{', earlier' if earlier else ''}": CountRows(
        "events", by="feature", cohort=cohort.others() if rest else cohort, earlier=earlier, per_account=2
    )
    for name, cohort in COHORTS.items()
    for rest in (False, True)
    for earlier in (False, True)
    if not (rest and earlier)
}
ASKED = COUNTED | MEASURED | JOINED | OF_COHORTS
FEW = [
    *(COUNTED | MEASURED | JOINED),
    *("adopters", "new adopters, earlier", "new adopters, the others", "plan, the others", "system", "3 to 12 months"),
]
"""Each kind once, without every cohort in every way."""
PHRASES: dict[str, Question] = {
    "words": TopKeys("messages", "content", where={"role": "user"}, per_account=3),
    "pairs": TopKeys("messages", "content", words=2, per_account=4, cohort=Adopters("mix_assist")),
}

"""One page with everything that reports can draw, from releases made by hand: what a reader may ever meet."""

import math
from itertools import count
from typing import Any

from privacy_analytics.dp.arithmetic import share
from privacy_analytics.dp.releases import Z95, Cell, Clipped, Mechanism, Release, status
from privacy_analytics.figures import bucket, fragment, style

RECORDED = {"purpose": "usage", "policy": "1.0", "timezone": "UTC", "epsilon": 2.0, "delta": 1e-7, "trust": "embedded"}
FEATURES = {
    "chat": 9_010.0, "undo_history": 5_200.0, "loop_browser": 4_100.0, "mix_assist": 3_012.0, "midi_cleanup": 2_105.0,
    "arrangement_coach": 340.0, "vocal_tuner": 95.0, "voice_chat": 9.0,
}  # fmt: skip
SYSTEMS = {"windows": 6_210.0, "macos": 5_480.0, "ios": 602.0, "linux": 540.0, "android": 230.0, "other": 12.0}
_numbers = count()


def released(values: Any, *, by: Any = (), sigma: float = 20.0, floor: int = 20, **about: Any) -> Release:
    """A release of one number, or of a number a key; a tuple of numbers is a value with its interval."""
    cells = tuple(
        Cell(
            key if isinstance(key, tuple) else (key,),
            *(found if isinstance(found, tuple) else (found, found - Z95 * sigma, found + Z95 * sigma)),
            sigma,
            "ok" if isinstance(found, tuple) else status(found, sigma, floor),
        )
        for key, found in (values if isinstance(values, dict) else {(): values}).items()
    )
    month, table = about.pop("month", "2026-10"), about.pop("table", "events")
    unit, per_account = about.pop("unit", "accounts"), about.pop("per_account", 8)
    bounds, clipped = about.pop("bounds", None), about.pop("clipped", None)
    name = f"r-{next(_numbers):04x}"
    return Release(
        id=name, key=name, unit=unit, table=table, by=by, month=month, snapshot=f"{month}.r0", population="all",
        floor=floor, cells=cells, nano_rho=1_250_000, recorded=RECORDED,
        question={"kind": f"count_{unit}", "table": table, "by": list(by), "where": [], "cohort": None} | about,
        mechanism=Mechanism(
            "discrete Gaussian", sigma, per_account, 1, math.sqrt(per_account), bounds=bounds, clipped=clipped
        ),
    )  # fmt: skip


def page() -> str:
    """Every renderer, drawn."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Everything that reports can draw</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style()}</style></head>'
        f'<body class="pa-page"><header><h1>Everything that reports can draw</h1></header><main>'
        f"{''.join(_parts())}</main></body></html>"
    )


def _parts() -> list[str]:
    before = {"month": "2026-09"}
    total, earlier = released(12_412.0), released(11_001.0, **before)
    sessions = released(61_000.0, unit="rows", table="sessions", sigma=400.0)
    fewer = released(60_700.0, unit="rows", table="sessions", sigma=400.0, **before)
    features = released(FEATURES, by=("feature",))
    were = released({key: 0.8 * value if key == "chat" else value for key, value in FEATURES.items()},
                    by=("feature",), **before)  # fmt: skip
    adopters = {"kind": "adopters", "key": "mix_assist", "rest": False}
    theirs = released({key: value / 4 for key, value in FEATURES.items()}, by=("feature",), cohort=adopters)
    cohort, past = released(3_012.0, cohort=adopters), released(2_800.0, cohort=adopters, **before)
    systems = released(SYSTEMS, by=("os",), per_account=1)
    minutes = {"table": "sessions", "column": "minutes", "of": "mean", "bounds": (0.0, 240.0)}
    weekly = {f"2026-W{week}": 7_000.0 + 900 * (week % 3) for week in range(40, 45)}
    kept = {(f"2026-W{36 + at}", str(later)): 900.0 / (1 + later) for at in range(5) for later in range(9 - at)}
    group = [share(part, of=of) for part, of in (
        (released(900.0, **before), past), (released(1_400.0), cohort),
        (released(2_900.0, **before), earlier), (released(3_280.0), total))]  # fmt: skip
    bins = {"under 5": 400.0, "5 to 15": 900.0, "15 to 60": 600.0, "60 or more": 88.0}
    phrases = {"make it louder": 900.0, "how do I route the sidechain to the bass": 300.0, "too rare": 9.0}
    genres = released({"electronic": 3_000.0, "hip_hop": 2_990.0, "rock": 1_000.0}, by=("genre",))
    return [
        fragment("tiles", total, sessions, share(sessions, of=total), earlier, fewer, before=[3, 4, None],
                 labels=["Active accounts", "Sessions", "Sessions an account"], sources=True),
        fragment("sentence", total, sources=True),
        fragment("figure", share(features, of=total), share(were, of=earlier), title="Accounts that used a feature"),
        fragment("bars", features, were, title="The same in accounts"),
        fragment("stacked", systems, title="Operating system"),
        fragment("compare", share(theirs, of=cohort), share(features, of=total), names=["Adopters", "Everybody"],
                 title="Features used"),
        fragment("slopes", *group, names=["Adopters of Mix assist", "Other accounts"], title="Exported a mix"),
        fragment("figure", released({f"2026-10-{day:02}": 500.0 + 90 * (day % 7) if day != 12 else 9.0
                                     for day in range(1, 32)}, by=("day",), per_account=31)),
        fragment("figure", released(weekly, by=("week",), unit="rows", table="sessions", sigma=310.0)),
        fragment("figure", released({f"{hour:02}": 900.0 - 30 * abs(hour - 16) for hour in range(24)}, by=("hour",))),
        fragment("figure", released(
            {"p50": (4.75, 4.75, 5.29), "p90": (11.48, 8.44, 25.23)}, by=("quantile",), unit="quantile",
            clipped=Clipped(101.4, 16.2, 186.6), **minutes | {"kind": "quantiles"})),
        fragment("figure", released(
            {(os, part): (length, length - 1, length + 9) for os in ("windows", "macos")
             for part, length in (("p25", 3.0), ("p50", 9.0), ("p75", 31.0), ("p90", 88.0))},
            by=("os", "quantile"), unit="quantile", **minutes | {"kind": "quantiles"})),
        fragment("columns", released(bins, by=("minutes",), **minutes | {"kind": "histogram"})),
        fragment("columns", released({"0": 900.0, "1 to 5": 600.0, "6 or more": 90.0}, by=("rows",), kind="histogram")),
        fragment("figure", released(bins, by=("minutes",), **minutes | {"kind": "histogram"})),
        fragment("figure", released(kept, by=("cohort", "week"), kind="retention", cohort_by="signup",
                                    reads=["2026-09", "2026-10"])),
        fragment("figure", released({(key, of): value / (1 + at) for key, value in FEATURES.items()
                                     for at, of in enumerate(("1", "2 to 5", "6 to 20", "21 or more"))},
                                    by=("feature", "rows"), kind="histogram", column="rows", bounds=(0.0, 100.0))),
        fragment("figure", released({f"2026-W{week}": 4_900.0 for week in range(40, 45)}, by=("week",), sigma=50.0)),
        fragment("figure", released(phrases, by=("phrase",), table="messages", kind="top_keys")),
        fragment("figure", released({"chat": 3.0}, by=("feature",)), title="Nothing to show"),
        fragment("table", features),
        fragment("persona", systems, genres, released({"pro": 2_000.0, "free": 900.0}, by=("plan_tier",)),
                 title="Typical of adopters of Mix assist"),
        fragment("method", total, theirs),
        fragment("footnotes", total, earlier, sessions, fewer, features, theirs),
        fragment("not_shown", blocks=[{"name": "Voice by day", "needs": bucket(2_800)}]),
        fragment("privacy_box", total, sessions, features, systems),
    ]  # fmt: skip

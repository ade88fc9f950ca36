"""Events and measurements: heavy-tailed, with a rhythm of the week, and three stories an analyst can find.

Story one: accounts that adopt ``mix_assist`` use the assistant more. Story two: ``stem_splitter`` is launched two weeks
into the first month and spreads. Story three: accounts that take it up open about 40 % more sessions in the second
month than in the first, and accept more suggestions; others go on as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from privacy_analytics.sample.accounts import Rng, Texts, draw
from privacy_analytics.sample.phrases import words

DAY = 86_400
LAUNCH_DAY = 14
LIFT = 1.4
"""Sessions of the second month for one, of those who took up ``stem_splitter``."""
_ERROR_SHARES = {"2.2": 0.015, "2.3": 0.014, "2.4": 0.012, "2.5": 0.015, "2.6": 0.026}
"""Of a version's events; the newest version has more errors."""
_MEDIAN_MS = {
    "feature_used": 7_000,
    "message_sent": 2_600,
    "app_opened": 1_700,
    "project_opened": 3_900,
    "export_finished": 48_000,
}
_METRIC_MS = {"first_response": 520, "full_response": 3_400, "project_open": 2_900, "plugin_scan": 9_500}
_RELEASE_DAYS = {"2.2": -400, "2.3": -190, "2.4": -95, "2.5": -24, "2.6": 19}
_WEEK = (1.0, 0.97, 0.98, 1.0, 1.08, 1.32, 1.3)
_HOURS = np.array([5, 3, 2, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 14, 16, 17, 16, 13, 9], dtype=float)

_NAME = "U20"

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calendar:
    """The first midnight of the sample and the length of its months, in days."""

    start: datetime
    lengths: tuple[int, int]

    @property
    def days(self) -> int:
        return sum(self.lengths)

    def months(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First day and end of each month, counted from the start."""
        return (0, self.lengths[0]), (self.lengths[0], self.days)


@dataclass(frozen=True)
class _Sessions:
    """One entry a session: the account's row, when it began in seconds from the start, its events, its device."""

    account: Ints
    began: Floats
    size: Ints
    os: Texts
    host: Texts
    browser: Texts
    version: Texts


def write_events(rng: Rng, accounts: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Events in the columns of the contract, in order of time; about 30 an account with the default months."""
    shares = words("shares")
    adoption: dict[str, float] = shares["adoption"]
    adopted = rng.random((accounts.height, len(adoption))) < np.array(list(adoption.values()))
    keen = adopted[:, list(adoption).index("mix_assist")]
    splits_from = np.where(rng.random(keen.size) < 0.3, LAUNCH_DAY + rng.exponential(18, keen.size), np.inf)
    sessions = _sessions(rng, accounts, calendar, keen, splits_from)
    first = np.cumsum(sessions.size) - sessions.size
    session = np.repeat(np.arange(sessions.size.size), sessions.size)
    account = sessions.account[session]

    gaps = np.minimum(rng.exponential(75, session.size), 1_500)
    gaps[first] = 0
    passed = np.cumsum(gaps)
    seconds = sessions.began[session] + passed - passed[first][session]

    event = draw(rng, shares["events"], session.size)
    splits = seconds / DAY > splits_from[account]
    event[(event == "feature_used") & keen[account] & (rng.random(session.size) < 0.3)] = "message_sent"
    event[(event == "feature_used") & splits & (rng.random(session.size) < 0.15)] = "suggestion_accepted"
    failing = np.array([_ERROR_SHARES[name] for name in sessions.version])
    event[rng.random(session.size) < failing[session]] = "error_shown"
    event[first] = "app_opened"
    feature = _features(rng, event, account, adopted, adoption)
    feature[(event == "feature_used") & splits & (rng.random(session.size) < 0.35)] = "stem_splitter"
    median = np.array([_MEDIAN_MS.get(name, np.nan) for name in event])
    named = rng.random(sessions.size.size) < 0.88
    table = {
        "account": account,
        "session": np.where(named, np.arange(named.size), -1)[session],
        "milliseconds": (seconds * 1_000).astype(np.int64),
        "event": event,
        "feature": feature,
        "duration_ms": np.round(median * rng.lognormal(0, 0.7, session.size)).clip(1, 3_600_000),
        "os": sessions.os[session],
        "browser": sessions.browser[session],
        "host": sessions.host[session],
        "app_version": sessions.version[session],
    }
    return (
        pl.DataFrame(table)
        .filter(pl.col("milliseconds") < calendar.days * DAY * 1_000)
        .with_columns(pl.col("feature", "browser", "host").replace("", None), pl.col("duration_ms").fill_nan(None))
        .sort("milliseconds", "account", maintain_order=True)
        .with_row_index("at")
        .select(
            account_id=_of(accounts, "account_id"),
            event_id=pl.format("ev-{}", "at"),
            session_id=pl.when(pl.col("session") >= 0).then(pl.format("ses-{}", "session")),
            occurred_at=pl.lit(calendar.start, pl.Datetime("us", "UTC")) + pl.duration(milliseconds="milliseconds"),
            event="event",
            feature="feature",
            duration_ms="duration_ms",
            os="os",
            browser="browser",
            host="host",
            app_version="app_version",
            country=_of(accounts, "country"),
        )
    )


def write_performance(rng: Rng, events: pl.DataFrame, size: int) -> pl.DataFrame:
    """Measured durations at the time of some events; one in 400 is a long stall."""
    rows = np.sort(rng.choice(events.height, size, replace=False))
    metric = draw(rng, words("shares")["metrics"], size)
    median = np.array([_METRIC_MS[name] for name in metric], dtype=float)
    slow = np.where(rng.random(size) < 1 / 400, 12, 1)
    value = np.round(median * rng.lognormal(0, 0.45, size) * slow, 1)
    return events[rows].select(
        "account_id",
        pl.Series("measurement_id", [f"pm-{at}" for at in range(size)]),
        "occurred_at",
        pl.Series("metric", metric, pl.String),
        pl.Series("value_ms", value),
        "app_version",
    )


def _sessions(rng: Rng, accounts: pl.DataFrame, calendar: Calendar, keen: Flags, splits_from: Floats) -> _Sessions:
    users = accounts.height
    created = (accounts["created_at"] - calendar.start).dt.total_seconds().to_numpy() / DAY
    loyal = rng.random(users) < 0.55
    pace = rng.lognormal(-0.05, 1.38, users) * np.where(keen, 1.5, 1)
    of_age = accounts["age_attested"].to_numpy()
    owner, day = list[Ints](), list[Ints]()
    weight = np.array([_WEEK[(calendar.start.weekday() + d) % 7] for d in range(calendar.days)])
    summed = np.concatenate([[0.0], np.cumsum(weight)])
    for begin, end in calendar.months():
        active = of_age & (created < end - 1) & (rng.random(users) < np.where(loyal, 0.96, 0.47))
        lift = np.where((splits_from < end) & (begin > LAUNCH_DAY), LIFT, 1)
        month_pace = pace * lift * rng.lognormal(0, 0.4, users)
        counts = np.where(active, 1 + rng.poisson(month_pace.clip(0, 420)), 0)
        who = np.repeat(np.arange(users), counts)
        low = summed[np.maximum(begin, np.ceil(created)).astype(np.int64)][who]
        drawn: Floats = low + rng.random(who.size) * (summed[end] - low)
        owner.append(who)
        day.append(np.clip(np.searchsorted(summed, drawn, side="right") - 1, begin, end - 1))
    who, on = np.concatenate(owner), np.concatenate(day)
    hour = rng.choice(24, who.size, p=_HOURS / _HOURS.sum())
    size = 1 + np.minimum(rng.geometric(0.22, who.size), 60)
    return _Sessions(
        who,
        on * DAY + (hour + rng.random(who.size)) * 3_600,
        size,
        *_devices(rng, users, who),
        _versions(rng, users, who, on),
    )


def _devices(rng: Rng, users: int, who: Ints) -> tuple[Texts, Texts, Texts]:
    """os, host and browser of each session: most people have one machine and one host, or use the web."""
    shares = words("shares")
    main = draw(rng, shares["os"], users)
    second = rng.random(who.size) < 0.05
    os = np.where(second, draw(rng, shares["os"], who.size), main[who])
    homes, webs = (np.full(users, "", dtype=_NAME) for _ in range(2))
    host, browser = (np.full(who.size, "", dtype=_NAME) for _ in range(2))
    for system in shares["os"]:
        mine = main == system
        homes[mine] = draw(rng, shares["hosts"][system], int(mine.sum()))
        webs[mine] = draw(rng, shares["browsers"][system], int(mine.sum()))
        elsewhere = second & (os == system)
        host[elsewhere] = draw(rng, shares["hosts"][system], int(elsewhere.sum()))
        browser[elsewhere] = draw(rng, shares["browsers"][system], int(elsewhere.sum()))
    host[~second], browser[~second] = homes[who][~second], webs[who][~second]
    on_web = rng.random(who.size) < 0.2
    host[on_web], browser[~on_web] = "", ""
    return os, host, browser


def _versions(rng: Rng, users: int, who: Ints, day: Ints) -> Texts:
    """The newest version released before the session, less how long its owner puts off updates."""
    delay = rng.exponential(16, users)
    released = np.array(list(_RELEASE_DAYS.values()))
    newest = np.searchsorted(released, day - delay[who], side="right") - 1
    return np.array(list(_RELEASE_DAYS), dtype=_NAME)[newest.clip(0)]


def _features(rng: Rng, event: Texts, account: Ints, adopted: Flags, adoption: Mapping[str, float]) -> Texts:
    names = np.array(list(adoption))
    liking = adopted * np.array(list(adoption.values())) * rng.lognormal(0, 0.6, adopted.shape)
    assistant = np.isin(names, ["chat", "voice_chat"])
    liking[:, ~assistant] += 1e-9  # somebody without any feature still opens one
    summed = np.cumsum(np.where(assistant, 0, liking), axis=1)
    feature = np.full(event.size, "", dtype=_NAME)

    used = np.isin(event, ["feature_used", "suggestion_accepted", "suggestion_undone"])
    drawn = rng.random(event.size) * summed[account, -1]
    chosen = (summed[account] <= drawn[:, None]).sum(axis=1)
    feature[used] = names[chosen[used].clip(0, names.size - 1)]

    sent = event == "message_sent"
    voice = adopted[account, list(adoption).index("voice_chat")] & (rng.random(event.size) < 0.4)
    feature[sent] = np.where(voice, "voice_chat", "chat")[sent]
    return feature


def _of(accounts: pl.DataFrame, column: str) -> pl.Expr:
    return pl.lit(accounts[column]).gather(pl.col("account"))

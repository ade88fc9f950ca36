"""The legal clocks of a request: pure functions of days in the workspace's time zone.

The day of receipt is day 0, and a deadline is the last day on which something is still in time. Business days leave
out Saturdays, Sundays and the public holidays of the workspace's country. A deadline in calendar days is not moved
where it falls on a weekend: the law does not say that it would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from privacy_analytics.errors import SettingsError
from privacy_analytics.rights.requests import Request

if TYPE_CHECKING:
    from holidays import HolidayBase

ACKNOWLEDGE = 10
"""Business days until receipt is confirmed: Cal. Code Regs. tit. 11 §7021(a)."""
ANSWER = 45
"""Calendar days until the answer, and once more as many with a notice given in the first: §7021(b)."""
CHOICE = 15
"""Business days until an opt-out (§7026(f)) or a limit (§7027(g)) is followed; nothing extends them."""
SOON = 7
"""With fewer days left than these a deadline is urgent."""
ANSWERED = ("access", "export", "correct", "close", "erase")
"""Kinds that are acknowledged and answered. No law has a clock for closing; it is held to the same."""
FOLLOWED = ("opt-out", "limit")
_SATURDAY = 5


@dataclass(frozen=True)
class Status:
    """Where a request stands on a day."""

    next: Literal["acknowledge", "answer"] | None
    """What its next deadline is for; None where nothing is owed (any more)."""
    due: date | None
    """That deadline."""
    answer_by: date | None
    """The deadline of the answer, extended or not; None for kinds that have none."""
    days_left: int | None
    """Calendar days from today to ``due``; negative once it is over."""

    @property
    def overdue(self) -> bool:
        return self.days_left is not None and self.days_left < 0

    @property
    def urgent(self) -> bool:
        """Overdue, or fewer than ``SOON`` days left."""
        return self.days_left is not None and self.days_left < SOON


def status(request: Request, today: date, holidays: str = "US") -> Status:
    """What is due next of a request; a deferral is an answer, too.

    Raises SettingsError where nobody knows the holidays of that country.
    """
    by = answer_by(request, holidays)
    if by is None or request.answered or request.state in ("done", "deferred"):
        return Status(None, None, by, None)
    confirm = acknowledge_by(request, holidays)
    if confirm and not request.acknowledged:
        return Status("acknowledge", confirm, by, (confirm - today).days)
    return Status("answer", by, by, (by - today).days)


def acknowledge_by(request: Request, holidays: str = "US") -> date | None:
    """The last day to confirm receipt; None for kinds that need no confirmation."""
    return business_days(request.received, ACKNOWLEDGE, holidays) if request.kind in ANSWERED else None


def answer_by(request: Request, holidays: str = "US") -> date | None:
    """The last day to answer or to follow a request; None for kinds without a clock."""
    if request.kind in FOLLOWED:
        return business_days(request.received, CHOICE, holidays)
    if request.kind not in ANSWERED:
        return None
    return request.received + timedelta(days=2 * ANSWER if request.extended else ANSWER)


def ask_again_from(opted_out: date) -> date:
    """The first day on which somebody who opted out may be asked to opt in: 12 months later.

    Cal. Civ. Code 1798.135(c)(4); Cal. Code Regs. tit. 11 §7028. From 29 February it is 1 March.
    """
    try:
        return opted_out.replace(year=opted_out.year + 1)
    except ValueError:
        return date(opted_out.year + 1, 3, 1)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The workspace's own day in which an instant (with a zone) lies."""
    return instant.astimezone(zone).date()


def business_days(day: date, n: int, holidays: str = "US") -> date:
    """The ``n``-th business day after a day; ``holidays`` is a country or subdivision (ISO 3166), "US" or "US-CA"."""
    public = _public(holidays)
    while n:
        day += timedelta(days=1)
        n -= day.weekday() < _SATURDAY and day not in public
    return day


@lru_cache(maxsize=8)
def _public(code: str) -> HolidayBase:
    from holidays import PUBLIC, country_holidays

    country, _, subdivision = code.partition("-")
    try:
        return country_holidays(country, subdiv=subdivision or None, categories=PUBLIC)
    except NotImplementedError:
        raise SettingsError(
            "Nobody knows the public holidays of rights.holidays in workspace.toml. Write a country that the library "
            '`holidays` has, such as "US" or "US-CA".'
        ) from None

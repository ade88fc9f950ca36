"""``logs/notices.jsonl``: what people have to be told and are not yet. Whoever runs next tries again."""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from privacy_analytics.notices.delivery import Undelivered, Way, deliver, ways
from privacy_analytics.notices.message import About, Notice, composed
from privacy_analytics.private import write_private
from privacy_analytics.report.attempts import Attempt, attempts
from privacy_analytics.settings import Settings

LOG = logging.getLogger(__name__)
MOST = 100
"""Notices that are kept; beyond it the oldest go."""
_QUIET = (75, 130)
"""Exit codes that nobody is told of: it is tried again, or somebody sat there and interrupted it."""

_A_DAY = timedelta(days=1)

Waiting = dict[str, Any]
"""``notice``, and the ``ways`` that it did not get away by."""


def notify(settings: Settings, attempt: Attempt) -> None:
    """Tell of an attempt that has ended, if anybody has to be told, and of what could not be told before.

    It is written down first, so a crash makes a notice come twice rather than never. Never raises for one that cannot
    be delivered.
    """
    try:
        with _outbox(settings) as waiting:
            if _is_news(attempt):
                notice = composed(settings, attempt)
                waiting.append({"notice": asdict(notice), "ways": ways(settings.operating.notify, notice)})
                _save(settings, waiting)
                attempt.told = True
                attempt.save()
            if waiting:
                _send(settings, waiting)
                _save(settings, [each for each in waiting if each["ways"]][-MOST:])
    except (OSError, ValueError) as error:
        LOG.warning(
            "Notices could not be kept (%s). See whether logs/notices.jsonl can be written.", type(error).__name__
        )


def _is_news(attempt: Attempt) -> bool:
    """Whether it failed, or made or published something, that nobody was told of; the same failure again is no news."""
    if attempt.exit_code in _QUIET:
        return False
    told = [each for each in attempts(attempt.home) if each.told and each.state == attempt.state]
    if attempt.state == "failed":
        since = (datetime.fromisoformat(attempt.ended) - _A_DAY).isoformat()
        return not any(each.ended > since and _kind(each) == _kind(attempt) for each in told)
    return not any(each.run == attempt.run and each.published >= attempt.published for each in told)


def _kind(failed: Attempt) -> tuple[object, ...]:
    return failed.exit_code, failed.error, failed.cell, failed.rules, failed.snapshot


def _send(settings: Settings, waiting: list[Waiting]) -> None:
    """Send what can be sent, the newest first; a way that does not work is not tried again in this call."""
    broken: set[tuple[About, Way]] = set()
    for each in reversed(waiting):
        notice = Notice(**each["notice"])
        for way in [way for way in each["ways"] if (notice.about, way) not in broken]:
            try:
                deliver(settings, notice, way)
                each["ways"].remove(way)
            except Undelivered as reason:
                broken.add((notice.about, way))
                LOG.warning(
                    "A notice of %s was not delivered by %s: %s. It is kept, and sent by the next scheduled run.",
                    notice.about, way, reason,
                )  # fmt: skip


@contextmanager
def _outbox(settings: Settings) -> Generator[list[Waiting]]:
    """What waits, for one process at a time."""
    file = settings.path("logs", "notices.jsonl")
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _save(settings: Settings, waiting: list[Waiting]) -> None:
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in waiting)
    write_private(settings.path("logs", "notices.jsonl"), lines)

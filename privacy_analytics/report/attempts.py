"""Every attempt at a run leaves a record beside the runs: when, how it ended, where it failed; no value of anything.

``runs/MONTH/PLACE/attempts/ID.json`` is the record. While the attempt lives, its process holds a lock on ``ID.lock``
that ends with it, whatever ends it: a record that says *running* and is not held by anybody tells of one that died.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Literal, get_args

from privacy_analytics.errors import GateError, PrivacyAnalyticsError, TryLater
from privacy_analytics.private import private_files, write_private

State = Literal["running", "waiting", "finished", "failed", "died"]
STATES: tuple[str, ...] = get_args(State)
FOLDER = "attempts"
_INTERRUPTED = 130
_MOST_RULES = 20


@dataclass
class Attempt:
    """One call for one report, month and parameter set."""

    home: Path
    """``runs/MONTH/PLACE``"""
    id: str
    began: str
    """ISO 8601, UTC; while it waits, when the first try did."""
    scheduled: bool = False
    state: State = "running"
    ended: str = ""
    exit_code: int | None = None
    snapshot: str = ""
    provisional: bool = False
    run: str = ""
    """``"001"``, the run that it made or found."""
    stood: bool = False
    """The run was there already, and no kernel was started."""
    nano_rho: int = 0
    cell: int = 0
    """The cell that it was in, from 1; 0 before the first."""
    heading: str = ""
    error: str = ""
    """The kind of the error, a name of a class."""
    rules: list[str] = field(default_factory=list[str])
    """What the gate found: file, place and rule."""
    tries: int = 1
    """How often it was called, with those that were told to try later."""
    published: bool = False
    """It was put on the site by a standing approval, or stood there already."""
    told: bool = False
    """Who has to be told of it is, or will be."""

    @property
    def name(self) -> str:
        """``"2026-10/usage_report/001"``, or the id in place of the number where nothing was finished."""
        made = self.run if self.state == "finished" else ""
        return f"{self.home.parent.name}/{self.home.name}/{made or self.id}"

    def save(self) -> None:
        """Write it down, whole or not at all."""
        said = {name: value for name, value in asdict(self).items() if name not in ("home", "id")}
        write_private(self.home / FOLDER / f"{self.id}.json", json.dumps(said, indent=1, ensure_ascii=False))

    def seen(self) -> State:
        """How it is with it now: who said that it runs and is gone has died."""
        if self.state != "running":
            return self.state
        try:
            with _lock(self).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return "running"
        except FileNotFoundError:
            pass
        now = next((each for each in attempts(self.home) if each.id == self.id), None)
        if now is None:  # it waited, and was taken over
            return "waiting"
        return "died" if now.state == "running" else now.state  # it may have ended while we looked

    def remove(self) -> None:
        """Forget it."""
        (self.home / FOLDER / f"{self.id}.json").unlink(missing_ok=True)
        _lock(self).unlink(missing_ok=True)


@contextmanager
def attempted(
    home: Path, *, scheduled: bool = False, then: Callable[[Attempt], None] | None = None
) -> Generator[Attempt]:
    """A record of what is done inside, begun before and complete after; an error goes on to whoever called.

    ``then`` is called when it is complete, however it ended.
    """
    now = datetime.now(UTC)
    attempt = Attempt(home, f"{now:%Y%m%dT%H%M%S%f}-{token_hex(2)}", _written(now), scheduled)
    with private_files():
        (home / FOLDER).mkdir(parents=True, exist_ok=True)
        lock = _lock(attempt).open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        attempt.save()
        try:
            yield attempt
            attempt.state, attempt.exit_code = "finished", 0
        except BaseException as error:
            _fail(attempt, error)
            raise
        finally:
            _take_over(attempt)
            attempt.ended = _written(datetime.now(UTC))
            attempt.save()
            _lock(attempt).unlink()
            if then:
                then(attempt)


def attempts(home: Path) -> list[Attempt]:
    """Every record of a place, the oldest first."""
    found: list[Attempt] = []
    for file in sorted((home / FOLDER).glob("*.json")):
        with suppress(FileNotFoundError):  # one that waited was taken over
            found.append(Attempt(home, file.stem, **json.loads(file.read_text(encoding="utf-8"))))
    return found


def _fail(attempt: Attempt, error: BaseException) -> None:
    ours = isinstance(error, PrivacyAnalyticsError)
    attempt.exit_code = error.exit_code if ours else 1 if isinstance(error, Exception) else _INTERRUPTED
    attempt.state = "waiting" if attempt.exit_code == TryLater.exit_code else "failed"
    attempt.error = attempt.error or type(error).__name__
    if isinstance(error, GateError):
        attempt.rules = error.findings[:_MOST_RULES]


def _take_over(attempt: Attempt) -> None:
    """A job that waits tries every few minutes for days: its tries are one record, and none once the wait is over."""
    for other in attempts(attempt.home):
        if other.id != attempt.id and other.state == "waiting":
            attempt.tries += other.tries
            if attempt.state == "waiting":
                attempt.began = min(attempt.began, other.began)
            other.remove()


def _lock(attempt: Attempt) -> Path:
    return attempt.home / FOLDER / f"{attempt.id}.lock"


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")

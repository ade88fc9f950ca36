"""Requests of people: one folder each, ``requests/R-…``, whose record survives crashes and holds no person.

Whom a request is about stands in the lake's table ``subjects``, to be erased with everything else. What is to be done
is frozen when a request is made: a retry does that, whatever settings say by then.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from privacy_analytics.audit import AuditLog, commitment
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import ALWAYS, Lake, write_private
from privacy_analytics.settings import Settings

Kind = Literal[
    "access", "export", "correct", "close", "erase", "opt-out", "opt-in", "limit", "unlimit", "hold", "unhold"
]
State = Literal["open", "working", "partial", "deferred", "done"]
"""``partial``: a store failed, a retry goes on; ``deferred``: a legal hold forbids it for now."""
KINDS: tuple[str, ...] = get_args(Kind)
FORMAT = 1
RECORD = "record.json"
ID = re.compile(r"R-[0-9a-f]{10}")


@dataclass(frozen=True)
class Step:
    """Something that became of a request."""

    at: str
    """ISO 8601, UTC."""
    state: State
    what: str
    """From a fixed set of sentences with counts and names of stores; nothing of a row."""


@dataclass(frozen=True)
class Request:
    """One request. Dates are days in the workspace's time zone."""

    id: str
    kind: Kind
    by: str
    """The officer who entered it."""
    received: date
    accounts: int
    """How many accounts it is about."""
    frozen: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was decided when it was made."""
    steps: tuple[Step, ...] = ()
    acknowledged: date | None = None
    extended: date | None = None
    answered: date | None = None

    @property
    def state(self) -> State:
        return self.steps[-1].state if self.steps else "open"


class Requests:
    """The folder ``requests`` of a workspace."""

    def __init__(self, settings: Settings, lake: Lake) -> None:
        self.folder = settings.path("requests")
        self.lake, self.log = lake, AuditLog(settings)

    def create(
        self, kind: Kind, accounts: Iterable[str], *, by: str, received: date, frozen: Mapping[str, Any] | None = None
    ) -> Request:
        """Enter a request about some accounts (pseudonyms), durably. The caller is the lake's writer."""
        about = sorted(set(accounts))
        request = Request(f"R-{secrets.token_hex(5)}", kind, by, received, len(about), frozen or {})
        salts = [secrets.token_hex(32) for _ in about]
        rows = pl.DataFrame({"account": about, "salt": salts}).with_columns(
            request=pl.lit(request.id), month=pl.lit(ALWAYS)
        )
        self.lake.add("subjects", rows)
        self.save(request)
        told = [commitment(salt, account) for account, salt in zip(about, salts, strict=True)]
        for each in told:
            self.log.add("request", request=request.id, kind=kind, by=by, commitment=each)
        return request

    def get(self, request_id: str) -> Request:
        """A request by its id. Raises NotFound without one."""
        file = self.folder / request_id / RECORD
        if not (ID.fullmatch(request_id) and file.is_file()):
            raise NotFound("There is no such request. See: pa account requests")
        return _read(file)

    def all(self) -> list[Request]:
        """Every request, oldest first."""
        found = [_read(file) for file in self.folder.glob(f"R-*/{RECORD}")]
        return sorted(found, key=lambda each: (each.received, each.id))

    def save(self, request: Request) -> Request:
        """Write a request's record, whole or not at all."""
        text = json.dumps({"format": FORMAT, **asdict(request)}, indent=1, ensure_ascii=False, default=str)
        write_private(self.folder / request.id / RECORD, text)
        return request

    def step(self, request: Request, state: State, what: str, **changed: Any) -> Request:
        """Note what became of a request; ``changed`` are fields of its record."""
        now = Step(datetime.now(UTC).isoformat(timespec="seconds"), state, what)
        return self.save(replace(request, steps=(*request.steps, now), **changed))

    def accounts(self, request: Request) -> tuple[str, ...]:
        """The pseudonyms that a request is about; none once they are erased."""
        return tuple(sorted(self._subjects().filter(pl.col("request") == request.id).collect()["account"]))

    def about(self, accounts: Iterable[str]) -> list[str]:
        """The ids of all requests about one of these accounts."""
        rows = self._subjects().filter(pl.col("account").is_in(list(accounts)))
        return sorted(set(rows.collect()["request"]))

    def path(self, request: Request, name: str) -> Path:
        """A file of a request, such as its bundle or receipt."""
        return self.folder / request.id / name

    def _subjects(self) -> pl.LazyFrame:
        return self.lake.scan("subjects", ALWAYS, self.lake.batches())


def _read(file: Path) -> Request:
    raw = json.loads(file.read_text(encoding="utf-8"))
    if raw.pop("format", None) != FORMAT:
        raise UsageError("A request here has another format. Read it with the version that wrote it.")
    days: dict[str, Any] = {name: raw[name] and date.fromisoformat(raw[name]) for name in _DAYS}
    steps: Any = tuple(Step(**step) for step in raw["steps"])
    return Request(**{**raw, **days, "steps": steps})


_DAYS = ("received", "acknowledged", "extended", "answered")

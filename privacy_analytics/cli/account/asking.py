"""What the commands of ``pa account`` share: who asks, about whom, since when."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from privacy_analytics.cli import options as shared
from privacy_analytics.errors import UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.rights.clocks import acknowledge_by, answer_by, day_of
from privacy_analytics.rights.requests import Kind, Request, Requests
from privacy_analytics.rights.subjects import FORM, Asked, find, parse
from privacy_analytics.settings import Settings
from privacy_analytics.workspace import load

by = click.option("--by", required=True, metavar="NAME", help="Your name; it is written into the request's record.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
request_file = click.option(
    "--request-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The people, one a line, instead of standard input.",
)
received = click.option(
    "--received", type=click.DateTime(["%Y-%m-%d"]), help="Day the request came in; else today. The clocks start there."
)
carry_on = click.option(
    "--request", "request_id", metavar="R-…", help="Carry on a request that was cut short; nobody is named again."
)
enter_only = click.option(
    "--enter", "enter_only", is_flag=True, help="Only enter it, so that its clocks run; carry it on with --request."
)


@dataclass(frozen=True)
class Desk:
    """What a command works with."""

    settings: Settings
    lake: Lake
    requests: Requests

    @property
    def today(self) -> date:
        """In the workspace's time zone."""
        return day_of(datetime.now(UTC), self.settings.zone)

    def named(self, file: Path | None) -> list[Asked]:
        """Everybody named in a file, else on standard input."""
        if file is None and sys.stdin.isatty():
            raise UsageError(FORM)
        return parse(file.read_text(encoding="utf-8") if file else sys.stdin.read())

    def people(self, file: Path | None) -> list[tuple[Asked, tuple[str, ...]]]:
        """Everybody named, with their accounts. Raises NotFound at the first whom no store knows."""
        named = self.named(file)
        return list(zip(named, find(self.settings, self.lake, named), strict=True))

    def since(self, asked: Asked, given: datetime | None) -> date:
        """The day that a request came in. Raises UsageError for one in the future."""
        day = asked.received or (given.date() if given else self.today)
        if day > self.today:
            raise UsageError("A request cannot come in on a later day than today. Mend --received.")
        return day

    def entered(self, request_id: str, kind: Kind) -> Request:
        """A request to carry on. Raises NotFound without one, UsageError for one of another kind."""
        request = self.requests.get(request_id)
        if request.kind != kind:
            raise UsageError(f"That request is of the kind {request.kind}. Carry it on with: pa account {request.kind}")
        return request

    def tell_entered(self, request: Request) -> None:
        """What follows from a request that is only entered: its deadlines, and how it is carried on."""
        days = (acknowledge_by, "acknowledge"), (answer_by, "answer")
        due = [f"{what} by {day}" for by, what in days if (day := by(request, self.settings.holidays))]
        click.echo(
            f"{request.id}  {request.kind}: entered for {request.accounts} account(s)  {', '.join(due)}".rstrip()
        )
        confirm = " --confirm" if request.kind in ("close", "erase") else ""
        click.echo(f"  Carry it on: pa account {request.kind} --by NAME{confirm} --request {request.id}")


def desk(workspace: str | None) -> Desk:
    """Open a workspace for the officer."""
    settings = load(workspace)
    lake = Lake(settings.path("lake"))
    return Desk(settings, lake, Requests(settings, lake))


def options(*each: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(each):
            command = option(command)
        return command

    return decorate


common = options(shared.workspace, by, received, request_file, carry_on, enter_only, dry_run)
"""Of every command that enters a request of its own and can carry it on."""

"""``pa account requests | acknowledge | extend``: what people asked for, and by when they are owed an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, cast

import click

from privacy_analytics.cli import options
from privacy_analytics.cli.account import asking
from privacy_analytics.cli.account.asking import Desk
from privacy_analytics.errors import UsageError
from privacy_analytics.lake import write_private
from privacy_analytics.rights.clocks import ANSWERED, FOLLOWED, Status, answer_by, status
from privacy_analytics.rights.letters import REASONS, Letter, draft
from privacy_analytics.rights.requests import RECORD, Request
from privacy_analytics.signing import named

_ROW = "{:<14}{:<9}{:<10}{:<12}{:<14}{:<12}{}"
_HEAD = _ROW.format("id", "kind", "state", "received", "acknowledged", "answer by", "days left")


@click.command()
@options.workspace
@click.argument("request_id", required=False, metavar="[R-…]")
@click.option("--all", "everything", is_flag=True, help="Those that are done, too.")
def requests(workspace: str | None, request_id: str | None, *, everything: bool) -> None:
    """List what is still owed, the most urgent first; or show one request with its steps and files."""
    at = asking.desk(workspace)
    if request_id:
        _show(at, at.requests.get(request_id))
        return
    found = [(each, _status(at, each)) for each in at.requests.all()]
    owed = sorted(((each, now) for each, now in found if each.state != "done"), key=_urgency)
    done = [(each, now) for each, now in found if each.state == "done"] if everything else []
    if owed or done:
        click.echo(_HEAD)
    for request, now in (*owed, *done):
        _line(request, now)
    overdue = sum(now.overdue for _, now in owed)
    closed = len(found) - len(owed)
    click.echo(f"{len(owed)} open, {overdue} overdue; {closed} done{'' if everything or not closed else ' (--all)'}")


@click.command()
@options.workspace
@click.argument("request_id", metavar="R-…")
@asking.by
def acknowledge(workspace: str | None, request_id: str, by: str) -> None:
    """Record that receipt was confirmed today; the letter is drafted (10 business days)."""
    at, officer = asking.desk(workspace), named(by)
    with at.lake.locked():
        request = at.requests.get(request_id)
        if request.acknowledged:
            raise UsageError(f"Receipt was confirmed on {request.acknowledged} already.")
        if request.kind not in (*ANSWERED, *FOLLOWED):
            raise UsageError(f"Nobody waits for a word about a request of the kind {request.kind}.")
        _draft(at, request, "acknowledged")
        at.requests.log.add("acknowledge", request=request.id, by=officer)
        at.requests.step(request, request.state, "acknowledged", acknowledged=at.today)
    click.echo(f"{request.id}  acknowledged; letter to send: requests/{request.id}/letter-acknowledged.md")


@click.command()
@options.workspace
@click.argument("request_id", metavar="R-…")
@asking.by
@click.option("--reason", type=click.Choice([*REASONS]), required=True, help="Why; it stands in the notice.")
def extend(workspace: str | None, request_id: str, by: str, reason: str) -> None:
    """Take 45 days more, once, with a notice to the person before the first 45 are over; the notice is drafted."""
    at, officer = asking.desk(workspace), named(by)
    with at.lake.locked():
        request = at.requests.get(request_id)
        notice_by = _extendable(request, at.today)
        extended = replace(request, extended=at.today)
        _draft(at, extended, "extended", reason)
        at.requests.log.add("extend", request=request.id, by=officer, reason=reason)
        at.requests.step(request, request.state, f"extended: {reason}", extended=at.today)
    click.echo(f"{request.id}  answer by {answer_by(extended)}")
    click.echo(f"  Send requests/{request.id}/letter-extended.md by {notice_by}, or the extension does not hold.")


def _extendable(request: Request, today: date) -> date:
    """The last day for the notice. Raises UsageError where there can be no more time."""
    by = answer_by(request)
    if request.kind not in ANSWERED or by is None:
        raise UsageError(f"The law knows no extension for a request of the kind {request.kind}.")
    if request.answered or request.state == "done":
        raise UsageError("That request is answered.")
    if request.extended:
        raise UsageError(f"It was extended on {request.extended} already, and can be only once.")
    if today > by:
        raise UsageError(f"It was to be answered by {by}: it is too late for more time. Answer it now.")
    return by


def _draft(at: Desk, request: Request, kind: Letter, reason: str = "") -> None:
    letter = draft(request, kind, at.settings, at.today, reason=reason)
    write_private(at.requests.path(request, f"letter-{kind}.md"), letter)


def _status(at: Desk, request: Request) -> Status:
    return status(request, at.today, at.settings.holidays)


def _urgency(owed: tuple[Request, Status]) -> tuple[date, date]:
    request, now = owed
    return now.due or date.max, request.received


def _line(request: Request, now: Status) -> None:
    cells = (request.received, request.acknowledged, now.answer_by)
    dates = [day.isoformat() if day else "–" for day in cells]
    click.echo(_ROW.format(request.id, request.kind, request.state, *dates, _left(now)))


def _left(now: Status) -> str:
    if now.days_left is None:
        return "–"
    days = f"overdue by {-now.days_left}" if now.overdue else str(now.days_left)
    said = f"{days} ({now.next})"
    return click.style(said, fg="red") if now.urgent else said


def _show(at: Desk, request: Request) -> None:
    now = _status(at, request)
    click.echo(_HEAD)
    _line(request, now)
    click.echo(f"entered by {request.by}, about {request.accounts} account(s)")
    if now.next:
        click.echo(f"{now.next} by {now.due}")
    for day, what in ((request.extended, "extended"), (request.answered, "answered")):
        if day:
            click.echo(f"{what} on {day}")
    for name, value in request.frozen.items():
        click.echo(f"  {name}: {_words(value)}")
    for step in request.steps:
        click.echo(f"  {step.at}  {step.state:<9} {step.what}")
    folder = at.requests.path(request, RECORD).parent
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        click.echo(f"  requests/{file.relative_to(at.requests.folder)}")


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(each)}" for name, each in cast("dict[str, Any]", value).items())
    if isinstance(value, list):
        return ", ".join(map(_words, cast("list[Any]", value)))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

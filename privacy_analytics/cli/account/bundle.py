"""``pa account access`` and ``pa account export``: what is held of a person, as one file to send them (policy §8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from privacy_analytics.cli import options
from privacy_analytics.cli.account import asking
from privacy_analytics.errors import UsageError
from privacy_analytics.rights import bundle
from privacy_analytics.rights.bundle import Answer
from privacy_analytics.rights.requests import Request

_asked = asking.options(
    options.workspace,
    asking.by,
    asking.received,
    asking.request_file,
    click.option("--request", "carry_on", metavar="ID", help="Carry on with this request, or answer it once more."),
    click.option(
        "--from",
        "source",
        type=click.Path(path_type=Path),
        metavar="EXPORT",
        help="A product export: the person's own rows of it, in the clear, go into the bundle.",
    ),
    click.option("--map", "map_file", type=click.Path(path_type=Path), help="Column map of that export."),
    asking.dry_run,
)


@click.command()
@_asked
def access(**asked: Any) -> None:
    """Everything that is held of each person: account, chats, tickets, telemetry, and what was derived of them.

    Name the people on standard input, one a line. Each gets a request of their own, and a bundle.zip to be sent.
    """
    _answer("access", **asked)


@click.command()
@_asked
def export(**asked: Any) -> None:
    """The chat history of each person: both sides, and transcripts of voice chats. A part of `pa account access`.

    Name the people on standard input, one a line. Each gets a request of their own, and a bundle.zip to be sent.
    """
    _answer("export", **asked)


def _answer(
    kind: Answer,
    *,
    workspace: str | None,
    by: str,
    received: datetime | None,
    request_file: Path | None,
    carry_on: str | None,
    source: Path | None,
    map_file: Path | None,
    dry_run: bool,
) -> None:
    from privacy_analytics.ingest import maps
    from privacy_analytics.rights.holdings import collect, exported

    at = asking.desk(workspace)
    name = asking.officer(by)
    column_map = maps.load(map_file, at.settings) if map_file else None
    known = _carried_on(at, kind, carry_on, source is not None) if carry_on else None
    people = [(None, at.requests.accounts(known))] if known else at.people(request_file)
    everybody = sorted({account for _, accounts in people for account in accounts})
    with at.lake.reading():
        held = collect(at.lake, everybody)
    files: list[dict[str, Any]] = []
    for _, accounts in people:
        product = exported(at.settings, source, accounts, column_map) if source else None
        files.append(bundle.contents(kind, [held[each] for each in accounts], product))
    if dry_run:
        for each in files:
            click.echo("Would be written:\n" + _listed({n: bundle.counts(n, content) for n, content in each.items()}))
        return
    made: list[Request] = [known] if known else []
    if not known:
        with at.lake.locked():
            frozen = {"product": source is not None}
            made = [
                at.requests.create(kind, accounts, by=name, received=at.since(asked, received), frozen=frozen)
                for asked, accounts in people
                if asked
            ]
    for request, each in zip(made, files, strict=True):
        manifest = bundle.answer(at.settings, at.requests, request, each, today=at.today)
        click.echo(f"{request.id}  {kind}, {request.accounts} account(s)")
        click.echo(_listed({name: file["counts"] for name, file in manifest["files"].items()}))
        click.echo(f"bundle  {at.requests.path(request, bundle.FILE)}, with letter-done.md beside it")
    click.echo("Send each bundle to its person by a safe way, once you know that it is them; then remove the file.")


def _carried_on(at: asking.Desk, kind: Answer, request_id: str, product: bool) -> Request:
    request = at.requests.get(request_id)
    if request.kind != kind:
        raise UsageError(f"{request.id} is a request of another kind: {request.kind}. Use: pa account {request.kind}")
    if request.frozen["product"] != product:
        raise UsageError(f"{request.id} was entered {'without' if product else 'with'} --from. Carry it on that way.")
    if not at.requests.accounts(request):
        raise UsageError(f"Nobody can tell any more whom {request.id} was about: they were erased.")
    return request


def _listed(files: dict[str, dict[str, int]]) -> str:
    width = max(map(len, files))
    return "\n".join(
        f"  {name:{width}}  " + ", ".join(f"{number:,} {what}" for what, number in counts.items())
        for name, counts in files.items()
    )

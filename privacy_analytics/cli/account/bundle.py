"""``pa account access`` and ``pa account export``: what is held of a person, as one file to send them (policy §8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from privacy_analytics.cli.account import asking
from privacy_analytics.errors import UsageError
from privacy_analytics.rights import bundle
from privacy_analytics.rights.bundle import Answer
from privacy_analytics.signing import named

_asked = asking.options(
    asking.common,
    click.option(
        "--from",
        "source",
        type=click.Path(path_type=Path),
        metavar="EXPORT",
        help="A product export: the person's own rows of it, in the clear, go into the bundle.",
    ),
    click.option("--map", "map_file", type=click.Path(path_type=Path), help="Column map of that export."),
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
    request_id: str | None,
    enter_only: bool,
    source: Path | None,
    map_file: Path | None,
    dry_run: bool,
) -> None:
    from privacy_analytics.ingest import maps
    from privacy_analytics.rights.holdings import collect, exported

    at, name = asking.desk(workspace), named(by)
    begun = at.entered(request_id, kind) if request_id else None
    if begun and begun.frozen["product"] and not source:
        raise UsageError(f"{begun.id} was entered with --from. Name that export once more.")
    people = [] if begun else at.people(request_file)
    everybody = [at.requests.accounts(begun)] if begun else [accounts for _, accounts in people]
    if not all(everybody):
        raise UsageError("Nobody can tell any more whom that request was about: they were erased.")
    made = [begun] if begun else []
    if not begun and not dry_run:
        with at.lake.locked():
            days = [at.since(asked, received) for asked, _ in people]
            made = [
                at.requests.create(kind, accounts, by=name, received=day, frozen={"product": source is not None})
                for accounts, day in zip(everybody, days, strict=True)
            ]
    if enter_only:
        for each in made:
            at.tell_entered(each)
        return
    column_map = maps.load(map_file, at.settings) if map_file else None
    with at.lake.reading():
        held = collect(at.lake, sorted({each for accounts in everybody for each in accounts}))
    for number, accounts in enumerate(everybody):
        product = exported(at.settings, source, accounts, column_map) if source else None
        files = bundle.contents(kind, [held[each] for each in accounts], product)
        if dry_run:
            click.echo("Would be written:\n" + _listed({n: bundle.counts(n, content) for n, content in files.items()}))
            continue
        manifest = bundle.answer(at.settings, at.requests, made[number], files, today=at.today)
        click.echo(f"{made[number].id}  {kind}, {len(accounts)} account(s)")
        click.echo(_listed({name: file["counts"] for name, file in manifest["files"].items()}))
        click.echo(f"bundle  {at.requests.path(made[number], bundle.FILE)}, with letter-done.md beside it")
    if not dry_run:
        click.echo("Send each bundle to its person by a safe way, once you know that it is them; then remove the file.")


def _listed(files: dict[str, dict[str, int]]) -> str:
    width = max(map(len, files))
    return "\n".join(
        f"  {name:{width}}  " + ", ".join(f"{number:,} {what}" for what, number in counts.items())
        for name, counts in files.items()
    )

"""``pa serve``: a curator for sessions of other OS users."""

from __future__ import annotations

import grp
from pathlib import Path

import click

from privacy_analytics import policy
from privacy_analytics import workspace as places
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.errors import UsageError
from privacy_analytics.remote.sockets import SCHEME
from privacy_analytics.serving.calls import Terms
from privacy_analytics.serving.server import serve as answer
from privacy_analytics.settings import read


@click.command()
@options.workspace
@click.option("--socket", "path", required=True, type=click.Path(path_type=Path), help="Where sessions connect.")
@click.option("--group", metavar="NAME", help="Group whose members may ask; else this user's own.")
@click.option("--purpose", "purposes", multiple=True, metavar="PURPOSE", help="What may be asked for; else everything.")
@click.option("--seconds", default=Terms.seconds, show_default=True, type=click.IntRange(1), help="Time of one call.")
@click.option(
    "--memory",
    default=Terms.memory >> 30,
    show_default=True,
    type=click.IntRange(1),
    help="GiB that the process of a session may allocate.",
)
def serve(
    workspace: str | None, path: Path, group: str | None, purposes: tuple[str, ...], seconds: int, memory: int
) -> None:
    """Answer sessions of other OS users at a socket: they get releases, and cannot open a file of the workspace."""
    settings = read(places.find(workspace))
    for purpose in purposes:
        policy.check_purpose(settings, purpose)
    terms = Terms(settings.root, purposes or tuple(settings.loss.shares), seconds, memory << 30)
    where = path.absolute()

    def ready() -> None:
        AuditLog(settings).add("serve", purposes=list(terms.purposes))
        click.echo(f"listening  {SCHEME}{where}")

    answer(where, terms, group=_id_of(group), ready=ready)


def _id_of(group: str | None) -> int | None:
    if group is None or group.isdecimal():
        return None if group is None else int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError("This machine has no such group. Make it with groupadd, or name its number.") from None

"""``pa serve``: a curator for sessions of other OS users, at a socket or over HTTP."""

from __future__ import annotations

import grp
from collections.abc import Callable
from pathlib import Path

import click

from privacy_analytics import policy
from privacy_analytics import workspace as places
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.errors import SettingsError, UsageError
from privacy_analytics.remote.sockets import SCHEME
from privacy_analytics.serving.calls import Terms
from privacy_analytics.serving.server import serve as serve_socket
from privacy_analytics.settings import read


@click.command()
@options.workspace
@click.option("--socket", "path", type=click.Path(path_type=Path), help="Unix socket where sessions connect.")
@click.option("--http", metavar="HOST:PORT", help="Address where sessions connect with a token; see pa token.")
@click.option("--group", metavar="NAME", help="Group whose members may ask at the socket; else this user's own.")
@click.option("--purpose", "purposes", multiple=True, metavar="PURPOSE", help="What may be asked for; else everything.")
@click.option("--seconds", default=Terms.seconds, show_default=True, type=click.IntRange(1), help="Time of one call.")
@click.option(
    "--memory",
    default=Terms.memory >> 30,
    show_default=True,
    type=click.IntRange(1),
    help="GiB that the process of a session may allocate.",
)
@click.option(
    "--workers", default=4, show_default=True, type=click.IntRange(1, 32), help="Calls answered at once over HTTP."
)
def serve(
    workspace: str | None,
    path: Path | None,
    http: str | None,
    group: str | None,
    purposes: tuple[str, ...],
    seconds: int,
    memory: int,
    workers: int,
) -> None:
    """Answer sessions of others at a socket or over HTTP: they get releases, and no file of the workspace."""
    if (path is None) == (http is None):
        raise UsageError("Name one place where sessions connect: --socket PATH, or --http HOST:PORT.")
    settings = read(places.find(workspace))
    for purpose in purposes:
        policy.check_purpose(settings, purpose)
    terms = Terms(settings.root, purposes or tuple(settings.loss.shares), seconds, memory << 30)

    def ready(address: str) -> None:
        AuditLog(settings).add("serve", purposes=list(terms.purposes), over=address.partition(":")[0])
        click.echo(f"listening  {address}")

    if path is not None:
        where = path.absolute()
        serve_socket(where, terms, group=_id_of(group), ready=lambda: ready(f"{SCHEME}{where}"))
    elif http is not None:
        _serve_http()(places.load(settings.root), http, terms, workers=workers, ready=ready)


def _serve_http() -> Callable[..., None]:
    try:
        from privacy_analytics.serving.web.front import serve_http
    except ModuleNotFoundError:
        raise SettingsError("This needs the extra [serve]: pip install 'privacy-analytics[serve]'") from None
    return serve_http


def _id_of(group: str | None) -> int | None:
    if group is None or group.isdecimal():
        return None if group is None else int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError("This machine has no such group. Make it with groupadd, or name its number.") from None

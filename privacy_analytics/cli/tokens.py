"""``pa token``: who may ask a curator over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.cli.logs import note
from privacy_analytics.serving.tokens import MOST_DAYS, ROLES, Role, Tokens
from privacy_analytics.workspace import load


@click.group()
def token() -> None:
    """Make, list and revoke the tokens that people ask over HTTP with."""


@token.command()
@click.argument("name")
@options.workspace
@click.option("--role", type=click.Choice(ROLES), required=True, help="What its holder may ask for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, MOST_DAYS), help="How long it holds.")
def add(name: str, workspace: str | None, role: Role, days: int) -> None:
    """Make a token for NAME, a plain word that the logs will tell of, and print it: this once and never again."""
    settings = load(workspace)
    made, text = Tokens(settings).add(name, role, days=days)
    AuditLog(settings).add("token", did="add", name=made.name, role=made.role, until=f"{made.until:%Y-%m-%d}")
    click.echo(f"token          {text}\nfor            {made.name}, {made.role}, until {made.until:%Y-%m-%d %H:%M} UTC")
    note("next           hand it over in private; they set $PRIVACY_ANALYTICS_TOKEN to it")


@token.command(name="list")
@options.workspace
def list_(workspace: str | None) -> None:
    """Print every token's name, role and end; the tokens themselves are kept nowhere."""
    now = datetime.now(UTC)
    for each in Tokens(load(workspace)).all():
        ended = f"revoked {each.revoked:%Y-%m-%d}" if each.revoked else f"until {each.until:%Y-%m-%d}"
        click.echo(f"{each.name:<32}  {each.role:<9}  {ended}{'' if each.holds(now) or each.revoked else ', expired'}")


@token.command()
@click.argument("name")
@options.workspace
def revoke(name: str, workspace: str | None) -> None:
    """End the token of NAME; a running `pa serve` refuses it from the next call on."""
    settings = load(workspace)
    ended = Tokens(settings).revoke(name)
    AuditLog(settings).add("token", did="revoke", name=ended.name)
    click.echo(f"revoked        {ended.name}")

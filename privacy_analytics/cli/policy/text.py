"""``pa policy show``, ``check`` and ``diff``: the policy's text, what it lacks, and how two versions differ."""

from __future__ import annotations

import click

from privacy_analytics import policy
from privacy_analytics.cli import options
from privacy_analytics.settings import PolicyVersion
from privacy_analytics.workspace import load


@click.command()
@options.workspace
@click.argument("version", required=False)
def show(workspace: str | None, version: str | None) -> None:
    """Print the policy as it is posted, in Markdown: the version in force, or VERSION."""
    settings = load(workspace)
    click.echo(policy.of(settings, policy.named(settings, version) if version else policy.in_force(settings)))


@click.command()
@options.workspace
def check(workspace: str | None) -> None:
    """Say what the policy and the workspace lack; nothing is edited. What stops ingest and runs is an error."""
    settings = load(workspace)
    warnings = policy.lacks(settings)
    for warning in warnings:
        click.echo(f"warning  {warning}")
    version = policy.ready(settings)
    click.echo(f"ok       policy {_said(version)}, {len(warnings)} warning(s)")


@click.command()
@options.workspace
@click.argument("old")
@click.argument("new")
def diff(workspace: str | None, old: str, new: str) -> None:
    """Say what version NEW changes of version OLD: clauses, purposes, recipients, and what follows for counting."""
    settings = load(workspace)
    before, after = policy.named(settings, old), policy.named(settings, new)
    click.echo(f"policy {_said(before)} -> {_said(after)}")
    for line in policy.diff(settings, before, after) or ["nothing changes but the dates"]:
        click.echo(line)


def _said(version: PolicyVersion) -> str:
    return f"{version.version} (posted {version.posted}, effective {version.effective})"

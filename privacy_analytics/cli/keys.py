"""``pa keys``: the keys that pseudonyms are made with."""

from __future__ import annotations

import click

from privacy_analytics.cli import options
from privacy_analytics.rights.rotation import Rotation, planned
from privacy_analytics.rights.rotation import rotate as turn
from privacy_analytics.signing import named
from privacy_analytics.workspace import load


@click.group()
def keys() -> None:
    """Rotate the keys that people are made unrecognisable with."""


@keys.command()
@options.workspace
@click.option("--by", required=True, metavar="NAME", help="Your name; it is written into the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def rotate(workspace: str | None, by: str, dry_run: bool) -> None:
    """Add a key and hash once more, under it, all that stands for people; or complete an interrupted rotation.

    For a moment the lake lies on the disk twice. Questions and intakes wait meanwhile. Afterwards back up private/
    anew: a backup of before has neither the new key nor what it made.
    """
    settings, name = load(workspace, rotating=True), named(by)
    if dry_run:
        _tell(planned(settings), would="would be ")
        return
    _tell(turn(settings, by=name), would="")
    click.echo("next           back up the workspace anew; keep private/ apart from it")


def _tell(rotation: Rotation, *, would: str) -> None:
    what = "an interrupted rotation" if rotation.completes else f"key {rotation.keys}"
    click.echo(f"{what:<14} {would}{'completed' if rotation.completes else 'added'}; all older ones stay, nested in it")
    click.echo(f"lake           {would}written anew: {rotation.bytes / 1e6:,.1f} MB, so long twice")
    click.echo(f"tombstones     {rotation.tombstones} {would}nested in a new key of their own")

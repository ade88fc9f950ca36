"""What several commands share."""

from __future__ import annotations

import click

workspace = click.option(
    "-w",
    "--workspace",
    metavar="DIR",
    default=None,
    help="Workspace; else $PRIVACY_ANALYTICS_WORKSPACE, else the nearest upward.",
)

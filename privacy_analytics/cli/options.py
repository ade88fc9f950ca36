"""What several commands share."""

from __future__ import annotations

from pathlib import Path

import click

workspace = click.option(
    "-w",
    "--workspace",
    metavar="DIR",
    default=None,
    help="Workspace; else $PRIVACY_ANALYTICS_WORKSPACE, else the nearest upward.",
)

canaries = click.option(
    "--canaries",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Planted texts, one a line, that no page may hold.",
)


def texts(file: Path | None) -> list[str]:
    """What ``--canaries`` names."""
    return file.read_text(encoding="utf-8").splitlines() if file else []

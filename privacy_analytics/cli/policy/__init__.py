"""``pa policy``: the privacy policy as it is posted, what it lacks, what keeps it."""

from __future__ import annotations

import click

from privacy_analytics.cli.lazy import LazyGroup

COMMANDS = {"show": "text", "check": "text", "diff": "text", "trace": "trace", "apply": "retention"}
"""Each command with the module of this package that holds it."""


@click.group(cls=LazyGroup, package=__name__, modules=COMMANDS)
def policy() -> None:
    """The privacy policy: show it, check it, compare versions, prove that it is kept, apply its retention."""

"""``pa policy``: the privacy policy as it is posted, what it lacks, what keeps it."""

from __future__ import annotations

import importlib

import click

COMMANDS = {"show": "text", "check": "text", "diff": "text", "trace": "trace", "apply": "retention"}
"""Each command with the module of this package that holds it; loaded when it is called for."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"{__name__}.{COMMANDS[cmd_name]}"), cmd_name)


@click.group(cls=_Commands)
def policy() -> None:
    """The privacy policy: show it, check it, compare versions, prove that it is kept, apply its retention."""

"""``pa account``: what the privacy officer does about people's requests (policy §8, §10)."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "access": "bundle",
    "export": "bundle",
    "correct": "correct",
    "close": "choices",
    "erase": "erase",
    "opt-out": "choices",
    "opt-in": "choices",
    "limit": "choices",
    "unlimit": "choices",
    "hold": "choices",
    "unhold": "choices",
    "held": "held",
    "requests": "requests",
    "acknowledge": "requests",
    "extend": "requests",
}
"""Each command with the module of this package that holds it; loaded when it is called for."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"{__name__}.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))


@click.group(cls=_Commands)
def account() -> None:
    """Access, export, correct, close, erase, opt out: people are named on standard input or in a file, never here."""

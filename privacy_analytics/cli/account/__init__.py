"""``pa account``: what the privacy officer does about people's requests (policy §8, §10)."""

from __future__ import annotations

import click

from privacy_analytics.cli.lazy import LazyGroup

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
"""Each command with the module of this package that holds it."""


@click.group(cls=LazyGroup, package=__name__, modules=COMMANDS)
def account() -> None:
    """Access, export, correct, close, erase, opt out: people are named on standard input or in a file, never here."""

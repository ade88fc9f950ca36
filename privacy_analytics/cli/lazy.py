"""A group of commands whose modules are loaded when they are called for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """Commands by the name of the module, below ``package``, that holds each; a dash in a name is ``_`` there."""

    def __init__(self, *, package: str, modules: Mapping[str, str], **about: object) -> None:
        super().__init__(**about)  # pyright: ignore[reportArgumentType]  # click's own, handed on
        self._package, self._modules = package, modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(f"{self._package}.{self._modules[cmd_name]}")
        return getattr(module, cmd_name.replace("-", "_"))

"""The last look at a file that may leave, on its final bytes. What is not known to be safe does not pass.

    enforce(name, data, store, vouched)    raise GateError, unless nothing is found
    check(name, data, store, vouched)      what is found, a line each
    examine(name, data, store, vouched)    the same by rule; ``KINDS`` says which rules a kind of file has

Every value is computed again from the release store. Everything else has to be vouched for, by its hash. A finding
names rule and place, never the text found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import GateError
from privacy_analytics.gate import notebook, page, pictures, tables
from privacy_analytics.gate.findings import RULES, Finding, Vouched
from privacy_analytics.gate.identities import has_canary

__all__ = ["KINDS", "RULES", "Finding", "Kind", "Vouched", "check", "enforce", "examine", "kind_of"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}(?:\.[a-z0-9]{2,5})")


@dataclass(frozen=True)
class Kind:
    """A kind of file, and what is asked of it beside its name."""

    words: str
    rules: tuple[str, ...]
    examine: Callable[[bytes, ReleaseStore, Vouched], list[Finding]]


KINDS = {
    "html": Kind("HTML page", ("readable", "fragments", "prose", "markup", "numbers", "identities"), page.examine),
    "ipynb": Kind("notebook", ("readable", "keys", "cells", "fragments", "identities"), notebook.examine),
    "csv": Kind("CSV table", ("readable", "bytes", "identities"), tables.examine_csv),
    "json": Kind("JSON table", ("readable", "bytes", "identities"), tables.examine_json),
    "svg": Kind("SVG picture", ("readable", "markup", "bytes", "identities"), pictures.examine_svg),
    "png": Kind("PNG picture", ("readable", "chunks", "bytes"), pictures.examine_png),
}
"""By the ending of a file's name."""


def kind_of(name: str) -> Kind | None:
    """What a file of this name has to be; None for what never leaves."""
    return KINDS.get(name.rpartition(".")[2])


def examine(name: str, data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a file from leaving.

    Parameters
    ----------
    name : its name, without a folder; the ending says what kind it is
    data : its final bytes
    store : the releases that it is made of
    vouched : what else may stand in it
    """
    kind = kind_of(name)
    if kind is None:
        return [Finding("name", "file", f"no file of this kind leaves; there are: {', '.join(KINDS)}")]
    findings: list[Finding] = []
    if not _NAME.fullmatch(name) or has_canary(name.rpartition(".")[0], vouched):
        findings.append(Finding("name", "file", "a file is named by small letters, digits, - and _, and says nothing"))
    try:
        return findings + kind.examine(data, store, vouched)
    except Exception as error:  # noqa: BLE001  # whatever it trips over was not known to be safe; its text may quote it
        return [*findings, Finding("readable", "file", f"it could not be examined ({type(error).__name__})")]


def check(name: str, data: bytes, store: ReleaseStore, vouched: Vouched) -> list[str]:
    """What keeps a file from leaving, a line each; see ``examine``."""
    return list(map(str, examine(name, data, store, vouched)))


def enforce(name: str, data: bytes, store: ReleaseStore, vouched: Vouched) -> None:
    """Raise GateError with every finding of ``check``, unless there is none."""
    if findings := check(name, data, store, vouched):
        raise GateError(findings)

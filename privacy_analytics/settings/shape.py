"""Whether a TOML table has the keys and types that it should; what is not so is refused with the fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from privacy_analytics.errors import PolicyError, SettingsError
from privacy_analytics.settings.values import FILE

ANY = "*"
"""In a shape: every other key, each with this kind of value."""


def check(value: dict[str, Any], shape: dict[str, Any], where: str = "", *, file: str = FILE) -> None:
    """Hold a table against a shape: a type, a shape within, or a list of one shape, by key; ``key?`` may be left out.

    Raises
    ------
    SettingsError
        an unknown or missing key, or a value of another type
    PolicyError
        a date of the policy that is not filled in
    """
    known = {name.removesuffix("?"): kind for name, kind in shape.items()}
    for key in value:
        if key not in known and ANY not in known:
            raise SettingsError(f"{file} has an unknown key {where}{key}.{meant(key, known)} Remove or rename it.")
    for name in shape:
        if name != ANY and name not in value and not name.endswith("?"):
            form = "`pa init` in an empty folder" if file == FILE else "data/policy.toml"
            raise SettingsError(f"{file} lacks {where}{name}. Add it; {form} shows its form.")
    for key, found in value.items():
        _fits(found, known.get(key, known.get(ANY)), f"{where}{key}", file)


def _fits(found: Any, kind: Any, where: str, file: str) -> None:
    if isinstance(kind, dict):
        expect(found, dict, where, file)
        check(found, cast("dict[str, Any]", kind), f"{where}.", file=file)
    elif isinstance(kind, list):
        expect(found, list, where, file)
        for each in found:
            _fits(each, cast("list[Any]", kind)[0], where, file)
    else:
        expect(found, kind, where, file)


def expect(found: object, kind: type, where: str, file: str = FILE) -> None:
    """Raise SettingsError where a value is not of a type; a whole number is a float, too."""
    if where.startswith("policy") and kind is date and isinstance(found, str):
        raise PolicyError(f"{where} in {file} is not filled in (policy §11). Write a date such as 2026-11-23.")
    fits = isinstance(found, (int, float) if kind is float else kind) and not isinstance(found, bool)
    if not fits:
        raise SettingsError(f"{where} in {file} is not a {kind.__name__}. Write one.")


def meant(word: str, known: Iterable[str]) -> str:
    """A hint at the closest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""

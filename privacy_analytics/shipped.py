"""Where the notebooks and public lists lie: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_shipped"


def shipped(*parts: str) -> Path:
    """A path below ``notebooks`` or ``data`` as shipped."""
    return (_WHEEL if _WHEEL.is_dir() else _PACKAGE.parent).joinpath(*parts)

"""What may be said of an error in a notebook: its name, and its text where we raised it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacy_analytics import errors

REDACTED = "The message of this error is not shown: it could hold a value."
NAMELESS = "Exception"
"""Stands for an error of a class that we do not know: a name can be made of data, too."""
_OURS = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.PrivacyAnalyticsError)
}
_KNOWN = _OURS | {
    name for name, each in vars(builtins).items() if isinstance(each, type) and issubclass(each, BaseException)
}
_PACKAGE = Path(errors.__file__).parent
_FRAME = re.compile(r"^(?:File (.+?):\d+|Cell In\[\d+\])", re.MULTILINE)


def redacted(error: Mapping[str, Any]) -> dict[str, Any]:
    """A kernel's error (``ename``, ``evalue``, ``traceback``) without values; one that we raised keeps its text."""
    if error["ename"] in _OURS and _is_raised_here(error["traceback"]):
        said = str(error["evalue"])
        return {"ename": error["ename"], "evalue": said, "traceback": [f"{error['ename']}: {said}"]}
    name = error["ename"] if error["ename"] in _KNOWN else NAMELESS
    return {"ename": name, "evalue": REDACTED, "traceback": []}


def _is_raised_here(traceback: list[str]) -> bool:
    """Whether the innermost frame is in this package: a cell can raise our errors with texts of its own."""
    frames = _FRAME.findall(re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback)))
    return bool(frames) and frames[-1] != "" and Path(frames[-1]).expanduser().is_relative_to(_PACKAGE)

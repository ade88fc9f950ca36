"""What the command line says on standard error: lines of text, or with ``PA_LOG=json`` one JSON object each."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime

import click

from privacy_analytics.errors import UsageError

VARIABLE = "PA_LOG"
_CHATTY = ("papermill", "traitlets", "presidio-analyzer", "presidio-anonymizer", "nbconvert", "altair")
"""Below an error these may quote what they work on."""


class _Json(logging.Formatter):
    """``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``; of an exception type and places, not its text."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and (error := record.exc_info[1]):
            said["error"] = type(error).__name__
            said["places"] = places(error)
        return json.dumps(said, ensure_ascii=False)


def set_up() -> None:
    """Log to standard error from INFO on, as ``$PA_LOG`` says. Raises UsageError where it says neither."""
    form = os.environ.get(VARIABLE) or "text"
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.ERROR)
    if form == "json":
        logging.captureWarnings(capture=True)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(_Json())
    elif form != "text":
        raise UsageError(f"${VARIABLE} is neither text nor json. Set it to one of them, or leave it out.")


def note(text: str) -> None:
    """Say something beside the result."""
    if os.environ.get(VARIABLE) == "json":
        logging.getLogger(__name__).info("%s", text)
    else:
        click.echo(text, err=True)


def places(error: BaseException) -> list[str]:
    """Where an error came from, the innermost places last."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-6:]

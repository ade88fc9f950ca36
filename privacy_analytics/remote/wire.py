"""What goes between a session and a curator elsewhere: JSON, the same over a socket and over HTTP.

A call is ``{"version": 1, "call": "plan", "request": {...}}``; over HTTP the path names the call and the body is the
request. Its answer is ``{"version": 1, "answer": {...}}`` or
``{"version": 1, "error": {"kind": "UsageError", "text": "...", "fields": {}}}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from privacy_analytics import errors
from privacy_analytics.errors import PrivacyAnalyticsError

Json = dict[str, Any]
VERSION = 1
LIMIT = 1 << 18
"""Bytes of the longest call."""
TOO_LONG = f"A call holds at most {LIMIT:,} bytes. Ask for fewer blocks or filter by fewer keys at once."
WENT_AWAY = "The curator went away before it answered. Ask again: what was released meanwhile is free."
_STRANGE = (
    "The curator answered in words that this version does not know. "
    "Install the version of privacy-analytics that the operator runs."
)
_KINDS = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, PrivacyAnalyticsError)
}


def packed(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the wire: one line."""
    return json.dumps({"version": VERSION, **message}).encode() + b"\n"


def refusal(error: PrivacyAnalyticsError) -> bytes:
    """An error of ours as it goes over the wire: class, public text, and the plain fields that it carries."""
    fields = {name: value for name, value in vars(error).items() if isinstance(value, int | float | str | list)}
    return packed({"error": {"kind": type(error).__name__, "text": str(error), "fields": fields}})


def understood(said: bytes) -> Json:
    """The answer of a reply. Raises what the curator refused, by its own class."""
    try:
        reply: Any = json.loads(said)
        if reply["version"] == VERSION and "answer" in reply:
            return cast("Json", reply["answer"])
        error = _rebuilt(**reply["error"])
    except (ValueError, TypeError, LookupError):
        error = PrivacyAnalyticsError(_STRANGE)
    raise error


def _rebuilt(kind: str, text: str, fields: Json) -> PrivacyAnalyticsError:
    error = _KINDS[kind].__new__(_KINDS[kind])  # not called: its text is made already
    error.args = (text,)
    vars(error).update(fields)
    return error

"""A line of bytes from anybody -> one of the five calls, or a refusal that says what a call looks like."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from privacy_analytics.errors import PolicyError, PrivacyAnalyticsError, UsageError
from privacy_analytics.remote.wire import LIMIT, TOO_LONG, VERSION, refusal
from privacy_analytics.settings import PURPOSES

Json = dict[str, Any]
NO_CALL = 'A call is one line of JSON: {"version": 1, "call": "plan", "request": {…}}.'
OTHER_VERSION = (
    f"This curator speaks version {VERSION}. Install the version of privacy-analytics that the operator runs."
)
WORD = 100
"""Characters; a report's name is recorded with its releases for good."""


@dataclass(frozen=True)
class Terms:
    """What the operator allows over one socket."""

    workspace: Path
    purposes: tuple[str, ...] = PURPOSES
    seconds: int = 600
    """Time of one call."""
    memory: int = 4 << 30
    """Bytes that a worker may allocate; files that it maps to read do not count."""


def answered(line: bytes, terms: Terms, answer: Callable[[str, Json], bytes]) -> bytes:
    """The reply to a line, whatever it holds."""
    try:
        name, request = parsed(line)
        request["purpose"] = request.get("purpose") or "exploration"
        if request["purpose"] not in terms.purposes:
            raise PolicyError(f"Here one asks for these purposes: {', '.join(terms.purposes)}. Open a session for one.")
    except PrivacyAnalyticsError as error:
        return refusal(error)
    return answer(name, request)


def parsed(line: bytes) -> tuple[str, Json]:
    """The name and request of a call. Raises UsageError for all other bytes."""
    if len(line) > LIMIT:
        raise UsageError(TOO_LONG)
    try:
        said: Any = json.loads(line, parse_constant=_finite, parse_float=_finite)
        json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
        version, name, request = said["version"], said["call"], said["request"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise UsageError(NO_CALL) from None
    if version != VERSION:
        raise UsageError(OTHER_VERSION)
    if len(said) != 3 or not isinstance(name, str) or not isinstance(request, dict):
        raise UsageError(NO_CALL)
    for field, (fits, what) in _FIELDS.items():
        if field in request and not fits(request[field]):
            raise UsageError(f"`{field}` of a call is {what}.")
    return name, cast("Json", request)


def _is_word(said: Any) -> bool:
    return isinstance(said, str) and len(said) <= WORD


def _is_object(said: Any) -> bool:
    return isinstance(said, dict)


def _are_objects(said: Any) -> bool:
    return isinstance(said, dict) and all(map(_is_object, cast("Json", said).values()))


_WORD = (_is_word, f"a text of at most {WORD} characters")
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("month", "purpose", "report", "table"), _WORD),
    "question": (_is_object, "an object"),
    "blocks": (_are_objects, "an object of objects"),
}


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError
    return number

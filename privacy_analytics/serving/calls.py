"""A line of bytes from anybody -> a call, or a refusal that says what a call looks like.

Behind HTTP the front asks for others, so each of its lines also says for whom: ``"user": "ada"``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from privacy_analytics.errors import PolicyError, PrivacyAnalyticsError, UsageError
from privacy_analytics.remote.wire import LIMIT, TOO_LONG, VERSION, refusal
from privacy_analytics.serving.tokens import is_name
from privacy_analytics.settings import PURPOSES

Json = dict[str, Any]
NO_CALL = 'A call is one line of JSON: {"version": 1, "call": "plan", "request": {…}}.'
OTHER_VERSION = (
    f"This curator speaks version {VERSION}. Install the version of privacy-analytics that the operator runs."
)
READ = ("statistics", "statistic", "releases", "released")
"""What the front reads beside the five calls, for roles that may: approved statistics, stored releases."""
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
    front: bool = False
    """Only this user's own HTTP front asks, each time for somebody who showed it a token."""


@dataclass(frozen=True)
class Call:
    """What is asked, and behind HTTP for whom."""

    name: str
    request: Json
    user: str = ""


def answered(line: bytes, terms: Terms, answer: Callable[[Call], bytes]) -> bytes:
    """The reply to a line, whatever it holds."""
    try:
        call = parsed(line, front=terms.front)
        if not (terms.front and call.name in READ):
            call.request["purpose"] = call.request.get("purpose") or "exploration"
            if call.request["purpose"] not in terms.purposes:
                raise PolicyError(
                    f"Here one asks for these purposes: {', '.join(terms.purposes)}. Open a session for one."
                )
    except PrivacyAnalyticsError as error:
        return refusal(error)
    return answer(call)


def parsed(line: bytes, *, front: bool = False) -> Call:
    """The call of a line. Raises UsageError for all other bytes."""
    if len(line) > LIMIT:
        raise UsageError(TOO_LONG)
    try:
        said: Any = json.loads(line, parse_constant=_finite, parse_float=_finite)
        json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
        version, name, request = said["version"], said["call"], said["request"]
        user = said["user"] if front else ""
    except (ValueError, TypeError, LookupError, RecursionError):
        raise UsageError(NO_CALL) from None
    if version != VERSION:
        raise UsageError(OTHER_VERSION)
    if len(said) != 3 + front or not isinstance(name, str) or not isinstance(request, dict):
        raise UsageError(NO_CALL)
    if front and not is_name(user):
        raise UsageError(NO_CALL)
    for field, (fits, what) in _FIELDS.items():
        if field in request and not fits(request[field]):
            raise UsageError(f"`{field}` of a call is {what}.")
    return Call(name, cast("Json", request), user)


def _is_word(said: Any) -> bool:
    return isinstance(said, str) and len(said) <= WORD


def _is_object(said: Any) -> bool:
    return isinstance(said, dict)


def _are_objects(said: Any) -> bool:
    return isinstance(said, dict) and all(map(_is_object, cast("Json", said).values()))


_WORD = (_is_word, f"a text of at most {WORD} characters")
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("month", "purpose", "report", "table", "id", "format", "after"), _WORD),
    "question": (_is_object, "an object"),
    "blocks": (_are_objects, "an object of objects"),
}


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError
    return number

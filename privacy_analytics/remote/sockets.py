"""The session's end of the wire to a curator that another OS user runs with ``pa serve``.

A call is one line of JSON, ``{"version": 1, "call": "plan", "request": {...}}``, and so is its answer:
``{"version": 1, "answer": {...}}`` or ``{"version": 1, "error": {"kind": "UsageError", "text": "...", "fields": {}}}``.
A connection carries one call after the other; the server ends one that is idle.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import weakref
from collections.abc import Mapping
from typing import Any, cast

from privacy_analytics import errors
from privacy_analytics.errors import PrivacyAnalyticsError, SettingsError, TryLater, UsageError

Json = dict[str, Any]
SCHEME = "unix://"
VERSION = 1
LIMIT = 1 << 18
"""Bytes of the longest call."""
TOO_LONG = f"A call holds at most {LIMIT:,} bytes. Ask for fewer blocks or filter by fewer keys at once."
_CONNECT_SECONDS = 10
_STRANGE = (
    "The curator answered in words that this version does not know. "
    "Install the version of privacy-analytics that the operator runs."
)
_KINDS = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, PrivacyAnalyticsError)
}


class RemoteCurator:
    """Passes the five calls on to a curator behind a Unix socket; what it refuses is raised here as it was there.

    Parameters
    ----------
    address : ``unix:///run/privacy-analytics/curator.sock``
    """

    def __init__(self, address: str) -> None:
        self._path = address.removeprefix(SCHEME)
        self._wire: socket.socket | None = None
        self._turn = threading.Lock()

    def call(self, name: str, request: Mapping[str, Any], /) -> Json:
        """Answer one of the five calls.

        Raises
        ------
        TryLater
            no curator listens there, or it went away
        SettingsError
            the socket is not open to this user
        PrivacyAnalyticsError
            whatever the curator refused, by its own class
        """
        line = packed({"call": name, "request": dict(request)})
        if len(line) > LIMIT:
            raise UsageError(TOO_LONG)
        with self._turn:
            said = self._exchange(line)
        return _understood(said)

    def _exchange(self, line: bytes) -> bytes:
        wire = self._connected()
        self._wire = None  # an answer that nobody waited for must not be taken for the next one
        try:
            wire.sendall(line)
            with wire.makefile("rb") as answers:
                said = answers.readline()
        except OSError:
            said = b""
        if not said.endswith(b"\n"):
            wire.close()
            raise TryLater("The curator went away before it answered. Ask again: what was released meanwhile is free.")
        self._wire = wire
        return said

    def _connected(self) -> socket.socket:
        """The connection of the call before, unless the server has ended it."""
        if self._wire is not None:
            if not select.select([self._wire], [], [], 0)[0]:
                return self._wire
            self._wire.close()
        wire = socket.socket(socket.AF_UNIX)
        weakref.finalize(self, wire.close)
        try:
            wire.settimeout(_CONNECT_SECONDS)
            wire.connect(self._path)
            wire.settimeout(None)  # the curator limits its own time
        except PermissionError:
            raise SettingsError(
                f"The socket {self._path} is not open to you. Ask the operator to add you to its group."
            ) from None
        except OSError:
            raise TryLater(
                f"No curator answers at {self._path}. Check the path, or ask the operator to start it with `pa serve`."
            ) from None
        return wire


def packed(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    return json.dumps({"version": VERSION, **message}).encode() + b"\n"


def refusal(error: PrivacyAnalyticsError) -> bytes:
    """An error of ours as it goes over the wire: class, public text, and the plain fields that it carries."""
    fields = {name: value for name, value in vars(error).items() if isinstance(value, int | float | str | list)}
    return packed({"error": {"kind": type(error).__name__, "text": str(error), "fields": fields}})


def _understood(said: bytes) -> Json:
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

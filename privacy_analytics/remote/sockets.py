"""A curator behind a Unix socket: a line a call, a line an answer.

A connection carries one call after the other; the server ends one that is idle.
"""

from __future__ import annotations

import select
import socket
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from privacy_analytics.errors import SettingsError, TryLater, UsageError
from privacy_analytics.remote.wire import LIMIT, TOO_LONG, WENT_AWAY, Json, packed, understood

SCHEME = "unix://"
_CONNECT_SECONDS = 10


class SocketCurator:
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
        return understood(said)

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
            raise TryLater(WENT_AWAY)
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

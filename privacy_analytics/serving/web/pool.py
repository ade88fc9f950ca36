"""The front's connections to the server behind: each has a worker of its own there, so there are few."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from privacy_analytics.errors import TryLater, UsageError
from privacy_analytics.remote.wire import WENT_AWAY, Json, packed
from privacy_analytics.serving.server import IDLE_SECONDS

MOST_WAITING = 512
"""Calls under way or waiting for a worker, of everybody."""
MOST_OF_ONE = 256
"""Of them one token's, so that nobody can keep all others out."""
WAIT_SECONDS = 300
"""For a worker to be free."""
LONGEST = 1 << 26
"""Bytes of the longest answer."""
BUSY = "The curator is busy. Ask again in a moment: nothing was drawn for this call."
NO_JSON = "The body of a request is one object in JSON, with finite numbers. See /docs."
STARTING = "The curator is starting. Ask again in a moment."


class TooMany(TryLater):
    """One token has too many calls under way."""


@dataclass
class _Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float

    @property
    def stale(self) -> bool:
        """The server ends what is idle; a call must not meet it in that moment."""
        return self.reader.at_eof() or monotonic() - self.used > IDLE_SECONDS / 2


class Pool:
    """At most ``size`` calls at once over a socket; the others wait their turn."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._turns = asyncio.Semaphore(size)
        self._idle: list[_Wire] = []
        self._under_way = Counter[str]()

    async def ask(self, name: str, request: Json, user: str) -> bytes:
        """The reply to a call, a line of the wire.

        Raises
        ------
        TryLater
            too many wait, it took too long to get a turn, or the server went away; ``TooMany`` where one token does
        UsageError
            it is no JSON, or too long
        """
        line = _line(name, request, user)
        if self._under_way[user] >= MOST_OF_ONE:
            raise TooMany("You have too many calls under way. Wait for them, then ask again.")
        if self._under_way.total() >= MOST_WAITING:
            raise TryLater(BUSY)
        self._under_way[user] += 1
        try:
            try:
                await asyncio.wait_for(self._turns.acquire(), WAIT_SECONDS)
            except TimeoutError:
                raise TryLater(BUSY) from None
            try:
                return await self._exchange(line)
            finally:
                self._turns.release()
        finally:
            self._under_way[user] -= 1

    async def _exchange(self, line: bytes) -> bytes:
        wire = await self._connected()
        said = b""
        try:
            wire.writer.write(line)
            said = await wire.reader.readline()
        except (OSError, ValueError):
            pass
        finally:
            if said.endswith(b"\n"):
                wire.used = monotonic()
                self._idle.append(wire)
            else:  # also where this call was cancelled: its answer must not be taken for the next one
                wire.writer.close()
        if not said.endswith(b"\n"):
            raise TryLater(WENT_AWAY)
        return said

    async def _connected(self) -> _Wire:
        while self._idle:
            wire = self._idle.pop()
            if not wire.stale:
                return wire
            wire.writer.close()
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=LONGEST)
        except OSError:
            raise TryLater(STARTING) from None
        return _Wire(reader, writer, monotonic())


def _line(name: str, request: Json, user: str) -> bytes:
    try:
        json.dumps(request, allow_nan=False)
        return packed({"call": name, "request": request, "user": user})
    except (ValueError, RecursionError):
        raise UsageError(NO_JSON) from None

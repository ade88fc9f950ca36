"""Who may touch the lake's rows at the same time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from privacy_analytics.errors import TryLater
from privacy_analytics.private import private_files, write_private

__all__ = ["alone", "private_files", "reading", "write_private", "writing"]

_WRITER, _GATE, _ROWS = ".lock", ".gate", ".rows"
_PAUSE = 0.05
"""Seconds between two looks at a lock that somebody holds."""


@contextmanager
def writing(root: Path) -> Generator[None]:
    """One writer at a time. Raises TryLater while another one writes."""
    with _held(root / _WRITER, fcntl.LOCK_EX, "Another intake is writing to this lake. Try again when it is done."):
        yield


@contextmanager
def reading(root: Path) -> Generator[None]:
    """Many at once, but nobody while rows are rewritten in place. Raises TryLater then."""
    busy = "Rows are being erased or corrected. Ask again when that is done; nothing was spent."
    with ExitStack() as held:
        with _held(root / _GATE, fcntl.LOCK_SH, busy):  # let go at once: who wants to be alone waits at most for rows
            held.enter_context(_held(root / _ROWS, fcntl.LOCK_SH, busy))
        yield


@contextmanager
def alone(root: Path, seconds: float = 600.0) -> Generator[None]:
    """Neither a writer nor a running question beside it: waits for those at work and lets no new one begin.

    Raises TryLater where somebody is not done after so many seconds.
    """
    busy = "Questions or an intake are still at work. Try again later; nothing was changed."
    with ExitStack() as held:
        for name in (_WRITER, _GATE, _ROWS):
            held.enter_context(_held(root / name, fcntl.LOCK_EX, busy, seconds))
        yield


@contextmanager
def _held(file: Path, kind: int, busy: str, seconds: float = 0.0) -> Generator[None]:
    with private_files():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise TryLater(busy) from None
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(handle)

"""The process that touches data for one connection, within limits of time and memory."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import resource
import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privacy_analytics.errors import LOST, LedgerError, PrivacyAnalyticsError, TryLater
from privacy_analytics.remote.wire import packed, refusal
from privacy_analytics.serving.calls import Json, Terms
from privacy_analytics.workspace import load

if TYPE_CHECKING:
    from privacy_analytics.curator import Curator

UNANSWERED = (
    "The curator could not answer this call, and nothing was drawn for it. Check the call, ask for less, or ask again "
    "later; the operator's log names the cause."
)
"""Whatever happened: too slow, too large, a fault. Which of them could tell something about the data."""
LOG = logging.getLogger("privacy_analytics.serving")
"""For the operator alone: who asked what, when, and what became of it."""
LOG.propagate = False
_FORK = multiprocessing.get_context("fork")
_DRAWING = b"drawing"


class Worker:
    """Made when a call needs it, and again when it died."""

    def __init__(self, terms: Terms, *, uid: int) -> None:
        self._terms, self._uid = terms, uid
        self._alive: tuple[ForkProcess, Connection] | None = None

    def answer(self, name: str, request: Json) -> bytes:
        """The reply to a call; one of two fixed sentences where the process did not live to give one."""
        process, pipe = self._alive = self._alive or self._made()
        drawn = False
        with suppress(EOFError, OSError):
            pipe.send_bytes(json.dumps([name, request]).encode())
            while (said := pipe.recv_bytes()) == _DRAWING:
                drawn = True
            return said
        self._alive = None
        pipe.close()
        process.join()
        code = process.exitcode or 0
        LOG.error(
            "uid %d: %s: the worker ended by %s; %s",
            self._uid,
            _word(name),
            signal.Signals(-code).name if code < 0 else "a fault",
            "what it drew is lost" if drawn else "nothing was drawn",
        )
        return refusal(LedgerError(LOST) if drawn else TryLater(UNANSWERED))

    def _made(self) -> tuple[ForkProcess, Connection]:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_work, args=(ours, theirs, self._terms, self._uid))
        process.start()
        theirs.close()
        return process, ours


def _work(handlers: Connection, calls: Connection, terms: Terms, uid: int) -> None:
    """Answer call after call, until the handler is gone or a limit is met: SIGALRM ends this process, too."""
    handlers.close()
    resource.setrlimit(resource.RLIMIT_DATA, (terms.memory, terms.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # an engine's panic may quote a row
    curator: Curator | None = None
    with suppress(EOFError):
        while call := calls.recv_bytes():
            signal.alarm(terms.seconds)
            name, request = json.loads(call)
            outcome = "a fault"
            try:
                curator = curator or _curator(terms, uid, calls)
                answer = curator.call(name, request)
                outcome = " ".join(each["id"] for each in answer.get("releases", {}).values()) or "answered"
                reply = packed({"answer": answer})
            except PrivacyAnalyticsError as error:
                outcome, reply = type(error).__name__, refusal(error)
            except BaseException as error:  # noqa: BLE001  # a polars panic is no Exception; its text may quote a row
                frames = traceback.extract_tb(error.__traceback__)[-4:]
                places = " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
                outcome = f"{type(error).__name__} at {places}"
                raise SystemExit(1) from None
            finally:
                about = [_word(each) for each in (name, request.get("month"), request["purpose"])]
                LOG.info("uid %d: %s of %s for %s: %s", uid, *about, outcome)
            calls.send_bytes(reply)
            signal.alarm(0)


def _curator(terms: Terms, uid: int, calls: Connection) -> Curator:
    """A curator that says so before noise is drawn: from there a charge is gone, whatever becomes of this process."""
    from privacy_analytics.curator import Curator  # starts threads, which no fork may copy

    trust = "embedded" if uid in (0, os.geteuid()) else "enforced"
    curator = Curator(load(terms.workspace), trust=trust, user=uid)
    ledger: Any = curator.ledger
    charge = ledger.drawing

    def drawing(*plan: Any, **about: Any) -> None:
        charge(*plan, **about)
        calls.send_bytes(_DRAWING)

    ledger.drawing = drawing
    return curator


def _word(said: object) -> str:
    """What somebody sent, fit for one line of a log."""
    return re.sub(r"[^\w.-]", "?", str(said))[:32]

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
from privacy_analytics.serving.calls import READ, Call, Json, Terms
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

    def answer(self, call: Call) -> bytes:
        """The reply to a call; one of two fixed sentences where the process did not live to give one."""
        process, pipe = self._alive = self._alive or self._made()
        drawn = False
        with suppress(EOFError, OSError):
            pipe.send_bytes(json.dumps([call.name, call.request, call.user]).encode())
            while (said := pipe.recv_bytes()) == _DRAWING:
                drawn = True
            return said
        self._alive = None
        pipe.close()
        process.join()
        code = process.exitcode or 0
        LOG.error(
            "%s: %s: the worker ended by %s; %s",
            _who(call.user, self._uid),
            _word(call.name),
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
            name, request, user = json.loads(call)
            outcome = "a fault"
            try:
                curator = curator or _curator(terms, uid, calls)
                curator.user = user or uid
                answer = _answer(curator, name, request)
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
                LOG.info("%s: %s: %s", _who(user, uid), _about(name, request), outcome)
            calls.send_bytes(reply)
            signal.alarm(0)


def _answer(curator: Curator, name: str, request: Json) -> Json:
    if name not in READ:
        return curator.call(name, request)
    from privacy_analytics.serving import shelf

    return getattr(shelf, name)(curator.settings, request)


def _curator(terms: Terms, uid: int, calls: Connection) -> Curator:
    """A curator that says so before noise is drawn: from there a charge is gone, whatever becomes of this process."""
    from privacy_analytics.curator import Curator  # starts threads, which no fork may copy

    trust = "embedded" if uid in (0, os.geteuid()) and not terms.front else "enforced"
    curator = Curator(load(terms.workspace), trust=trust, user=uid)
    ledger: Any = curator.ledger
    charge = ledger.drawing

    def drawing(*plan: Any, **about: Any) -> None:
        charge(*plan, **about)
        calls.send_bytes(_DRAWING)

    ledger.drawing = drawing
    return curator


def _who(user: str, uid: int) -> str:
    return f"token {user}" if user else f"uid {uid}"


def _about(name: str, request: Json) -> str:
    if "purpose" not in request:
        return f"{_word(name)} {_word(request.get('id', ''))}"
    return f"{_word(name)} of {_word(request.get('month'))} for {_word(request['purpose'])}"


def _word(said: object) -> str:
    """What somebody sent, fit for one line of a log."""
    return re.sub(r"[^\w.-]", "?", str(said))[:32]

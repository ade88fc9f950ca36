"""Finders in other processes: the same results in the same order; what a dead one held is done here."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.finder import Finder, Rules, Unit
from privacy_analytics.scrub.spans import Span

Chunk = Sequence[Unit]
Spans = list[list[tuple[Span, ...] | None]]

_log = logging.getLogger(__name__)
_finder: Finder | None = None
"""A worker's own."""


class Crew:
    """Finds chunk by chunk, in this process or in up to ``workers`` others, each with a model of its own.

    There are never more processes than cores that this one may use; on one core, or inside a worker of somebody
    else (a daemonic process may have no children), all is done here. Of the chunks to come, one more than there
    are processes is read ahead.

    Raises
    ------
    SettingsError
        the name model is not installed (with workers: at first use)
    UsageError
        a recognizer cannot be sent to a worker
    """

    def __init__(self, rules: Rules, workers: int) -> None:
        self._rules = rules
        self._count = 0 if multiprocessing.current_process().daemon else min(workers, cores())
        self._pool: ProcessPoolExecutor | None = None
        self._here: Finder | None = None
        if self._count < 2:
            self.finder()
            return
        try:
            pickle.dumps(rules)
        except Exception:  # noqa: BLE001 - whatever a recognizer of others says
            raise UsageError(
                "Workers are sent the recognizers by pickle, and one of them cannot be: define its class in a module, "
                "or scrub with workers=0."
            ) from None

    @property
    def size(self) -> int:
        """How many find at the same time."""
        return max(self._count, 1)

    def find(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, Spans]]:
        """Each chunk with its spans, in order."""
        if self._count < 2:
            yield from ((chunk, self.finder().find(chunk)) for chunk in chunks)
            return
        ahead: deque[tuple[Chunk, Future[Spans] | None]] = deque()
        for chunk in chunks:
            ahead.append((chunk, self._sent(chunk)))
            if len(ahead) > self._count:
                yield self._done(*ahead.popleft())
        while ahead:
            yield self._done(*ahead.popleft())

    def finder(self) -> Finder:
        """This process's own, made when it is needed."""
        self._here = self._here or Finder(self._rules, threads=min(2, cores()))
        return self._here

    def close(self) -> None:
        """End the processes, if any."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _sent(self, chunk: Chunk) -> Future[Spans] | None:
        if self._count < 2:
            return None
        try:
            self._pool = self._pool or ProcessPoolExecutor(
                self._count, multiprocessing.get_context("spawn"), _start, (self._rules,)
            )
            return self._pool.submit(_find, chunk)
        except BrokenProcessPool:
            self._give_up()
            return None

    def _done(self, chunk: Chunk, sent: Future[Spans] | None) -> tuple[Chunk, Spans]:
        if sent is not None:
            try:
                return chunk, sent.result()
            except (BrokenProcessPool, CancelledError):
                self._give_up()
        return chunk, self.finder().find(chunk)

    def _give_up(self) -> None:
        if self._count:
            _log.warning("scrub: a worker died; going on in this process. Is there too little memory for two?")
            self._count = 0
            self.close()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(rules: Rules) -> None:
    global _finder  # noqa: PLW0603 - how an initializer hands on what it made
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()
    _finder = Finder(rules)


def _follow() -> None:
    """A worker does not outlive who started it, however that one ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _find(chunk: Chunk) -> Spans:
    if _finder is None:
        raise RuntimeError("a worker was asked before it had started")
    return _finder.find(chunk)

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from presidio_analyzer import Pattern, PatternRecognizer

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub import IdentityHasher, Scrubber, workers
from privacy_analytics.scrub.scrubber import CHUNK

TEXTS = [f"mail jane{n}@example.com, ask Anna Kowalska" for n in range(300)]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 2)


@pytest.fixture(scope="module")
def pair() -> Iterator[Scrubber]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "cores", lambda: 2)
        scrubber = Scrubber("fast", hasher=IdentityHasher(bytes(32)), workers=2)
    with scrubber:
        yield scrubber


def pids(scrubber: Scrubber) -> list[int]:
    pool = scrubber._crew._pool
    return list(pool._processes) if pool else []


def test_two_processes_give_the_same_in_the_same_order(pair: Scrubber) -> None:
    hasher = IdentityHasher(bytes(32))
    own = [hasher.own(username="wobbleking"), *[None] * (len(TEXTS))]
    texts, chats = ["i am wobbleking", *TEXTS], [None, *(n // 7 for n in range(len(TEXTS)))]
    alone = Scrubber("fast", hasher=hasher).scrub(texts, own, chats)
    assert pair.scrub(texts, own, chats) == alone
    assert len(pids(pair)) == 2


def test_a_dead_worker_loses_nothing_and_hangs_nothing(pair: Scrubber, caplog: pytest.LogCaptureFixture) -> None:
    pair.scrub(TEXTS[:1])
    for pid in pids(pair):
        os.kill(pid, signal.SIGKILL)
    with caplog.at_level(logging.DEBUG):
        assert pair.scrub(TEXTS[:200]) == Scrubber("fast").scrub(TEXTS[:200])
    assert "a worker died" in caplog.text
    assert "jane" not in caplog.text
    assert pids(pair) == []


def test_a_worker_that_cannot_start_is_done_without(
    two_cores: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "_start", os._exit)
    with Scrubber("fast", workers=2) as scrubber:
        assert scrubber.scrub(TEXTS[:3]) == Scrubber("fast").scrub(TEXTS[:3])
    assert "a worker died" in caplog.text


@pytest.mark.parametrize(("asked", "there"), [(0, 2), (1, 2), (2, 1)])
def test_without_a_second_core_or_worker_all_is_done_here(
    monkeypatch: pytest.MonkeyPatch, asked: int, there: int
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: there)
    scrubber = Scrubber("fast", workers=asked)
    assert scrubber.scrub(TEXTS[:2])[1].text == "mail <EMAIL>, ask <PERSON>"
    assert pids(scrubber) == []


def test_a_daemonic_process_starts_no_other(two_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    assert Scrubber("fast", workers=2)._crew.size == 1


@pytest.mark.slow
def test_a_script_that_is_not_guarded_is_still_scrubbed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from privacy_analytics.scrub import Scrubber, workers\n"
        "workers.cores = lambda: 2\n"
        "with Scrubber('fast', workers=2) as s: print(s.scrub(['mail jane@example.com'])[0].text)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "mail <EMAIL>"


def test_a_recognizer_that_cannot_be_sent_is_refused_at_once(two_cores: None) -> None:
    badge = PatternRecognizer("BADGE", name="badges", patterns=[Pattern("badge", "BX", 0.6)])
    badge.load = lambda: None  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="workers=0"):
        Scrubber("fast", recognizers=[badge], workers=2)


def test_a_stream_is_read_no_further_than_needed(two_cores: None) -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"mail jane{read}@example.com"

    stream = Scrubber("fast").stream(texts())
    assert [next(stream).text for _ in range(3)] == ["mail <EMAIL>"] * 3
    assert CHUNK / 2 < read <= CHUNK


def test_a_stream_of_long_texts_is_cut_by_their_length() -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for _ in range(9):
            read += 1
            yield "a" * 400_000

    next(Scrubber("fast").stream(texts()))
    assert read == 3


def test_a_bar_is_drawn_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    scrubber = Scrubber("fast")
    scrubber.scrub(TEXTS[:2])
    assert list(scrubber.stream([])) == []
    assert capsys.readouterr() == ("", "")
    scrubber.scrub(TEXTS[:2], progress=True)
    shown = capsys.readouterr()
    assert "2.00/2.00" in shown.err
    assert shown.out == ""

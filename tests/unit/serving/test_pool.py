"""The front's connections: few, each for one call at a time, and a bounded number that waits."""

import asyncio
import json
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from privacy_analytics.errors import TryLater, UsageError
from privacy_analytics.remote.wire import packed
from privacy_analytics.serving.web import pool
from privacy_analytics.serving.web.pool import Pool, TooMany


@pytest.fixture
def path():
    """Where a socket fits."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder / "s"
    shutil.rmtree(folder)


class Server:
    """Answers each line with itself once it is let; counts connections and how many are asked at once."""

    def __init__(self):
        self.connections = self.now = self.most = 0
        self.let = asyncio.Event()
        self.came = asyncio.Queue()
        self.goes_away = False

    async def handle(self, reader, writer):
        self.connections += 1
        while line := await reader.readline():
            self.now += 1
            self.most = max(self.most, self.now)
            self.came.put_nowait(line)
            await self.let.wait()
            self.now -= 1
            if self.goes_away:
                break
            writer.write(packed({"answer": json.loads(line)}))
        writer.close()


@asynccontextmanager
async def served(path, size):
    server = Server()
    async with await asyncio.start_unix_server(server.handle, path) as listening:
        made = Pool(path, size)
        try:
            yield server, made
        finally:
            server.let.set()
            for wire in made._idle:
                wire.writer.close()
                await wire.writer.wait_closed()
            listening.close()


def test_a_call_goes_out_as_a_line_that_says_for_whom(path):
    async def run():
        async with served(path, 1) as (server, made):
            server.let.set()
            return json.loads(await made.ask("plan", {"month": "2026-10"}, "ada"))

    assert asyncio.run(run())["answer"] == {
        "version": 1,
        "call": "plan",
        "request": {"month": "2026-10"},
        "user": "ada",
    }


def test_no_more_are_asked_at_once_than_there_are_workers_and_everybody_gets_the_own_answer(path):
    async def run():
        async with served(path, 3) as (server, made):
            asked = [asyncio.create_task(made.ask("plan", {"n": n}, "ada")) for n in range(20)]
            for _ in range(3):
                await server.came.get()
            server.let.set()
            answers = [json.loads(each)["answer"]["request"]["n"] for each in await asyncio.gather(*asked)]
            return answers, server.most, server.connections

    assert asyncio.run(run()) == ([*range(20)], 3, 3)


def test_who_waits_is_bounded(path, monkeypatch):
    monkeypatch.setattr(pool, "MOST_OF_ONE", 2)
    monkeypatch.setattr(pool, "MOST_WAITING", 3)

    async def run():
        async with served(path, 1) as (server, made):
            asked = [asyncio.create_task(made.ask("plan", {}, who)) for who in ("ada", "ada", "otto")]
            await server.came.get()
            with pytest.raises(TooMany, match="Wait for them"):
                await made.ask("plan", {}, "ada")
            with pytest.raises(TryLater, match="busy"):
                await made.ask("plan", {}, "eve")
            server.let.set()
            await asyncio.gather(*asked)
            assert await made.ask("plan", {}, "ada")

    asyncio.run(run())


def test_nobody_waits_for_ever(path, monkeypatch):
    async def run():
        async with served(path, 1) as (server, made):
            first = asyncio.create_task(made.ask("plan", {}, "ada"))
            await server.came.get()
            monkeypatch.setattr(pool, "WAIT_SECONDS", 0)
            with pytest.raises(TryLater, match="busy"):
                await made.ask("plan", {}, "otto")
            server.let.set()
            await first

    asyncio.run(run())


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(path):
    async def run():
        async with served(path, 1) as (server, made):
            given_up = asyncio.create_task(made.ask("plan", {"n": 1}, "ada"))
            await server.came.get()
            given_up.cancel()
            await asyncio.wait([given_up])
            server.let.set()
            return json.loads(await made.ask("plan", {"n": 2}, "ada"))["answer"]["request"]["n"]

    assert asyncio.run(run()) == 2


def test_a_server_that_goes_away_is_told_from_an_answer_and_asked_again_anew(path):
    async def run():
        async with served(path, 1) as (server, made):
            server.let.set()
            server.goes_away = True
            with pytest.raises(TryLater, match="went away before it answered"):
                await made.ask("plan", {}, "ada")
            server.goes_away = False
            assert await made.ask("plan", {}, "ada")
            return server.connections

    assert asyncio.run(run()) == 2


def test_a_connection_that_was_idle_is_made_anew(path, monkeypatch):
    monkeypatch.setattr(pool, "IDLE_SECONDS", -1)

    async def run():
        async with served(path, 1) as (server, made):
            server.let.set()
            for _ in range(2):
                await made.ask("plan", {}, "ada")
            return server.connections

    assert asyncio.run(run()) == 2


def test_a_server_that_is_not_there_yet_is_a_matter_of_time(path):
    with pytest.raises(TryLater, match="is starting"):
        asyncio.run(Pool(path, 1).ask("plan", {}, "ada"))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_sent(path, number):
    with pytest.raises(UsageError, match="one object in JSON"):
        asyncio.run(Pool(path, 1).ask("plan", {"share": number}, "ada"))

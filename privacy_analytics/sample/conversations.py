"""Chats and support tickets, with the planted identifiers in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from privacy_analytics.sample.canaries import Canary
from privacy_analytics.sample.phrases import Habits, Thread, Writer, bank, words

Row = dict[str, Any]
VOICE_EVERY = 8
"""One conversation in so many is spoken."""
WORDINGS = 4
"""Of the start of each thread, in short conversations: scrubbing repeated words costs little."""
Asker = tuple[str, datetime, str]
"""Who asks, when, and about which topic."""


def ticket_kinds() -> set[str]:
    """Kinds of identifiers that people write to support."""
    return set(bank("support_asides"))


class Author:
    """Writes conversations of one sample from the phrase banks."""

    def __init__(self, random: Random, start: datetime, days: int) -> None:
        self._random = random
        self._plain = Writer(random)
        self._fresh = Writer(random, fresh=True)
        self._asides = bank("asides")
        self._closings = bank("closings")
        self._start, self._days = start, days

    def chats(self, speakers: Sequence[tuple[Row, list[Canary]]]) -> list[Row]:
        """One conversation for each (account row, identifiers to plant in it), in order of time."""
        threads, shares = bank("threads"), words("shares")["chats"]
        topics = self._random.choices(list(shares), list(shares.values()), k=len(speakers))
        rows = [
            self._chat(f"conv-{i:05d}", account, topic, self._random.choice(threads[topic]), planted)
            for i, ((account, planted), topic) in enumerate(zip(speakers, topics, strict=True))
        ]
        return sorted(rows, key=lambda row: row["started_at"])

    def short_chats(self, askers: Iterable[Asker]) -> list[Row]:
        """A question or two and their answers for each asker, without anything planted, in order of asking."""
        pool = {
            topic: [self._wording(thread) for thread in threads for _ in range(WORDINGS)]
            for topic, threads in bank("threads").items()
        }
        return [
            self._row(f"ask-{i:06d}", account, started, topic, self._random.choice(pool[topic]), self._is_spoken())
            for i, (account, started, topic) in enumerate(askers)
        ]

    def tickets(self, speakers: Sequence[tuple[Row, list[Canary]]]) -> list[Row]:
        """One support ticket for each (account row, identifiers to plant in it)."""
        threads, asides, shares = bank("support"), bank("support_asides"), words("shares")["tickets"]
        topics = self._random.choices(list(shares), list(shares.values()), k=len(speakers))
        rows: list[Row] = []
        for i, ((account, planted), topic) in enumerate(zip(speakers, topics, strict=True)):
            opened = self._moment()
            first, *rest = self._random.choice(threads[topic])
            head, body = first[2:].split(":: ")
            slots, habits = _slots(account), self._plain.habits()
            said = self._said([f"> {body}", *rest], slots, habits, self._plain)
            for canary in planted:
                said += self._planted(asides[canary.kind], canary, slots, habits)
            messages = self._stamped(said, opened, hours=True, answers="agent")
            subject = self._plain.say(head, slots)
            row = {"account_id": account["account_id"], "ticket_id": f"tick-{i:04d}", "opened_at": stamp(opened)}
            rows.append(row | {"topic": topic, "subject": subject, "messages": messages})
        return rows

    def _chat(self, name: str, account: Row, topic: str, thread: Thread, planted: list[Canary]) -> Row:
        started = self._moment()
        slots = _slots(account)
        spoken = self._is_spoken()
        habits = {} if spoken else self._fresh.habits()
        if self._random.random() < 0.3:
            thread = thread[: self._random.randrange(2, len(thread) + 1)]
        said = self._said(thread, slots, habits, self._fresh)
        for canary in planted:
            at = self._random.randrange(2, len(said) + 1, 2) if len(said) > 2 else 2
            said[at:at] = self._planted(self._asides[canary.kind], canary, slots, habits)
        if len(said) % 2 == 0 and self._random.random() < 0.55:
            kind = "named" if self._random.random() < 0.2 else "closing"
            said += self._said(self._random.choice(self._closings[kind]), slots, habits, self._fresh)
        return self._row(name, account["account_id"], started, topic, said, spoken)

    def _row(
        self, name: str, account_id: str, started: datetime, topic: str, said: list[tuple[str, str]], spoken: bool
    ) -> Row:
        messages = self._stamped(said, started, hours=False, answers="assistant")
        for message in messages:
            message["channel"] = "voice" if spoken else "text"
            if spoken and message["role"] == "user":
                message["voice_seconds"] = round(1.5 + len(message["content"]) / self._random.uniform(11, 16), 1)
        row = {"account_id": account_id, "conversation_id": name, "started_at": stamp(started)}
        known = topic if self._random.random() < 0.97 else None
        return row | {"ended_at": messages[-1]["sent_at"], "topic": known, "messages": messages}

    def _is_spoken(self) -> bool:
        return self._random.randrange(VOICE_EVERY) == 0

    def _wording(self, thread: Thread) -> list[tuple[str, str]]:
        return self._said(thread[: self._random.choice((2, 2, 2, 2, 4))], {}, self._plain.habits(), self._plain)

    def _said(
        self, lines: Iterable[str], slots: dict[str, str], habits: Habits, writer: Writer
    ) -> list[tuple[str, str]]:
        return [
            (line[0], writer.type(line[2:], slots, habits) if line[0] == ">" else writer.answer(line[2:], slots))
            for line in lines
        ]

    def _planted(
        self, threads: list[Thread], canary: Canary, slots: dict[str, str], habits: Habits
    ) -> list[tuple[str, str]]:
        lines = self._said(self._random.choice(threads), slots, habits, self._plain)
        return [(side, text.replace("[value]", canary.shown)) for side, text in lines]

    def _stamped(self, said: list[tuple[str, str]], start: datetime, *, hours: bool, answers: str) -> list[Row]:
        """Messages in order: answers of the assistant take seconds, people take minutes, agents hours."""
        at, messages = start, list[Row]()
        for side, text in said:
            messages.append({"role": "user" if side == ">" else answers, "content": text, "sent_at": stamp(at)})
            seconds = self._random.uniform(2, 9) if side == ">" and not hours else self._random.lognormvariate(4, 0.8)
            at += timedelta(seconds=round(seconds * (60 if hours else 1)))
        return messages

    def _moment(self) -> datetime:
        """A time within the sample, more often at the weekend and in the evening, an hour or more before its end."""
        while True:
            day = self._start + timedelta(days=self._random.randrange(self._days))
            if self._random.random() < (1 if day.weekday() >= 5 else 0.75):
                return day + timedelta(seconds=round(self._random.triangular(0, 82_000, 72_000)))


def _slots(account: Row) -> dict[str, str]:
    return {"given": str(account["name"]).split()[0]}


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

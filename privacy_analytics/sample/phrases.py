"""The phrase banks below ``data/sample``, and a writer that fills them in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from random import Random
from typing import Any

from privacy_analytics.shipped import shipped

Thread = tuple[str, ...]
"""Lines of one conversation, each beginning with ``> `` (the user) or ``< `` (the answer)."""
Habits = Mapping[str, bool]
"""How somebody types: lower case, bare of punctuation, with slang, sloppily; nothing for what is spoken."""

_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"\[([a-z_]+\d?)\]")
_ECHO = 0.06
"""How often a fresh writer lets a repeated line stand."""
_SLANG = {"you": "u", "please": "pls", "because": "cuz", "though": "tho", "really": "rly", "thanks": "thx", "with": "w"}


def bank(name: str) -> dict[str, list[Thread]]:
    """Threads of ``data/sample/NAME.txt`` by topic."""
    found: dict[str, list[Thread]] = {}
    topic, lines = "", list[str]()
    text = shipped("data", "sample", f"{name}.txt").read_text(encoding="utf-8")
    for line in [*text.splitlines(), ""]:
        if line.startswith("== "):
            topic = line[3:].strip()
        elif line.startswith(("> ", "< ")):
            lines.append(line.replace("\\n", "\n"))
        elif lines:
            found.setdefault(topic, []).append(tuple(lines))
            lines = []
    return found


def words(name: str) -> dict[str, Any]:
    """The lists of ``data/sample/NAME.toml``."""
    return tomllib.loads(shipped("data", "sample", f"{name}.toml").read_text(encoding="utf-8"))


class Writer:
    """Says templates in ever new words; the slots filled stay the same as long as the caller keeps them.

    A ``fresh`` writer mostly puts differently what was said before: short phrases recur in real chats, but rarely.
    """

    def __init__(self, random: Random, *, fresh: bool = False) -> None:
        self._random = random
        self._slots = words("slots")
        self._openings = words("openings")
        self._tries = 6 if fresh else 1
        self._said: set[str] = set()

    def say(self, template: str, slots: dict[str, str]) -> str:
        """Fill in a template."""
        text = _CHOICE.sub(lambda match: self._random.choice(match[1].split("|")), template)
        return _SLOT.sub(lambda match: self._slot(match[1], slots), text)

    def type(self, template: str, slots: dict[str, str], habits: Habits) -> str:
        """Fill in a template the way a person with these habits types it."""
        return self._say_anew(template, slots, "asking", habits)

    def answer(self, template: str, slots: dict[str, str]) -> str:
        """Fill in a template the way an assistant writes."""
        return self._say_anew(template, slots, "answering", {})

    def habits(self) -> Habits:
        """How one person types."""
        odds = {"lower": 0.8, "bare": 0.6, "slang": 0.3, "sloppy": 0.35}
        return {habit: self._random.random() < chance for habit, chance in odds.items()}

    def _say_anew(self, template: str, slots: dict[str, str], side: str, habits: Habits) -> str:
        text = ""
        for attempt in range(self._tries):
            text = self._typed(self.say(template, slots), habits)
            if attempt > 1:
                text = f"{self._random.choice(self._openings[side])} {text}"
            if text not in self._said or self._random.random() < _ECHO:
                break
        self._said.add(text)
        return text

    def _slot(self, name: str, slots: dict[str, str]) -> str:
        if name not in slots:
            source: str | list[str] | None = self._slots.get(name) or self._slots.get(name.rstrip("0123456789"))
            if source is None:
                return f"[{name}]"
            slots[name] = self._number(source) if isinstance(source, str) else self._random.choice(source)
        return slots[name]

    def _number(self, span: str) -> str:
        ends, step = span.split("/")
        low, high = (int(end) for end in ends.split("-"))
        return str(self._random.randrange(low, high + 1, int(step)))

    def _typed(self, text: str, habits: Habits) -> str:
        if habits.get("bare"):
            text = text.replace("'", "").rstrip(".")
        return " ".join(self._word(word, habits) for word in text.split(" "))

    def _word(self, word: str, habits: Habits) -> str:
        if "[" in word:
            return word
        word = word.lower() if habits.get("lower") else word
        if habits.get("slang"):
            word = _SLANG.get(word, word)
        if habits.get("sloppy") and len(word) > 4 and word.isalpha() and self._random.random() < 0.06:
            at = self._random.randrange(1, len(word) - 2)
            word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word

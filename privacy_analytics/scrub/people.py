"""Who is who in one conversation: persons numbered as they appear, whatever of their name is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from privacy_analytics.scrub.normalize import normalize

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor"})

Name = frozenset[str]


class People:
    """Numbers for names: "anna", "Anna" and "Anna Smith" are one person while there is one Anna only.

    Parameters
    ----------
    names : every name of the conversation, in order of appearance
    taken : numbers that its texts show already; none of them is given again
    """

    def __init__(self, names: Iterable[str], taken: Iterable[int] = ()) -> None:
        self._numbers: dict[Name, int] = {}
        used = set(taken)
        self._free = (number for number in count(1) if number not in used)
        seen = list(dict.fromkeys(map(_words, names)))
        holders: dict[str, set[Name]] = {}
        for name in seen:
            for word in name:
                holders.setdefault(word, set()).add(name)
        whole = {name: _whole(name, holders) for name in seen}
        for name in seen:
            self._numbers[name] = self._number(whole[name])

    def number(self, name: str) -> int:
        """The person's number, from 1; a name that was not there at first is somebody new."""
        return self._number(_words(name))

    def _number(self, name: Name) -> int:
        if name not in self._numbers:
            self._numbers[name] = next(self._free)
        return self._numbers[name]


def _words(name: str) -> Name:
    words = [word.removesuffix("'s") for word in _WORD.findall(normalize(name).text.casefold())]
    return frozenset(word for word in words if word not in _TITLES) or frozenset(words or [name.casefold()])


def _whole(name: Name, holders: dict[str, set[Name]]) -> Name:
    """The longest name that holds all words of this one, where there is only one such."""
    wider = set.intersection(*(holders[word] for word in name))
    longest = max(wider, key=len)
    return longest if all(each <= longest for each in wider) else name

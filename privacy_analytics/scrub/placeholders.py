"""What stands in a text where something personal stood; what stands there already is left as it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from privacy_analytics.scrub.spans import Span

PERSON = "PERSON"
_SOME = "9999"
"""Stands for the number in a label; four digits at most, so a placeholder cannot hold a phone number."""
_SAYS = re.compile(r"[^\W_]")


class Placeholders:
    """The labels of all types, worked out once, so that they go to other processes as plain text.

    Parameters
    ----------
    label : the placeholder of a type; asked for ``PERSON_1``, too, and must not depend on what it hides
    types : every type that can be found
    failed : what stands for a text that could not be scrubbed
    """

    def __init__(self, label: Callable[[str], str], types: Iterable[str], failed: str) -> None:
        self._labels = {kind: label(kind) for kind in sorted(types)}
        self._numbered = label(f"{PERSON}_{_SOME}")
        known = sorted({failed, *self._labels.values()} - {""}, key=len, reverse=True)
        self._number = re.compile(re.escape(self._numbered).replace(_SOME, r"(\d{1,4})"))
        self._any = re.compile("|".join([*map(re.escape, known), self._number.pattern]))

    def of(self, kind: str, number: int | None = None) -> str:
        """The label of a type; of a person with a number, that person's."""
        return self._labels[kind] if number is None else self._numbered.replace(_SOME, str(number))

    def numbers(self, text: str) -> Iterator[int]:
        """Numbers of persons that a text shows already."""
        return (int(match[1]) for match in self._number.finditer(text) if match.re.groups)

    def places(self, text: str) -> list[Span]:
        """Where placeholders stand."""
        return [Span(*match.span(), "PLACEHOLDER", 1.0) for match in self._any.finditer(text)]

    def outside(self, spans: Iterable[Span], text: str) -> Iterator[Span]:
        """The spans without the placeholders in them; a rest that has no letter and no digit is none."""
        taken = [(each.start, each.end) for each in self.places(text)]
        if not taken:
            yield from spans
            return
        ends = [end for _, end in taken]
        for span in spans:
            at = span.start
            for start, end in chain(islice(taken, bisect_right(ends, at), None), [(span.end, span.end)]):
                if at < start and _SAYS.search(text, at, min(start, span.end)):
                    yield span._replace(start=at, end=min(start, span.end))
                at = max(at, end)
                if at >= span.end:
                    break

    def put(self, text: str, spans: Sequence[Span], numbers: Sequence[int | None] | None = None) -> str:
        """The text with every span replaced; spans are disjoint and in order, ``numbers`` are theirs."""
        if numbers is None:
            labels = [self._labels[span.type] for span in spans]
        else:
            labels = [self.of(span.type, number) for span, number in zip(spans, numbers, strict=True)]
        parts: list[str] = []
        at = 0
        for (start, end, _, _), label in zip(spans, labels, strict=True):
            parts += text[at:start], label
            at = end
        return "".join([*parts, text[at:]])

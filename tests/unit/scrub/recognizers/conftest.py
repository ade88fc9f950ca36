"""Tables of recognizers: « » mark what must be masked; the rest of a line must stay."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from privacy_analytics.scrub.recognizers import ChatRecognizer, Glance
from privacy_analytics.scrub.spans import merged

Mask = Callable[[ChatRecognizer, str], str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`found` is each (type, line) of the module's FOUND, `left` each text of LEFT, a line or parted by " | "."""
    module = vars(metafunc.module) if metafunc.module else {}
    if "found" in metafunc.fixturenames:
        tables = module["FOUND"].items()
        metafunc.parametrize("found", [(kind, line) for kind, lines in tables for line in lines.strip().splitlines()])
    if "left" in metafunc.fixturenames:
        metafunc.parametrize("left", re.split(r"\n| \| ", module["LEFT"].strip()))


@pytest.fixture
def mask() -> Mask:
    """The text with what one recognizer finds as <TYPE>."""

    def mask(recognizer: ChatRecognizer, text: str) -> str:
        for span in reversed(merged(recognizer.find(Glance.of(text)), text)):
            text = f"{text[: span.start]}<{span.type}>{text[span.end :]}"
        return text

    return mask

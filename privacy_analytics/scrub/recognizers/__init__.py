"""Presidio recognizers for chat: patterns and cues behind cheap literal checks, no context pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from privacy_analytics.scrub.recognizers.accounts import AccountRecognizer
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance, Index, Pattern
from privacy_analytics.scrub.recognizers.contact import ContactRecognizer
from privacy_analytics.scrub.recognizers.devices import DeviceRecognizer
from privacy_analytics.scrub.recognizers.names import NameRecognizer
from privacy_analytics.scrub.recognizers.numbers import NumberRecognizer
from privacy_analytics.scrub.recognizers.places import PlaceRecognizer
from privacy_analytics.scrub.recognizers.secrets import SecretRecognizer
from privacy_analytics.scrub.spans import Span

__all__ = ["ChatRecognizer", "Glance", "Pattern", "chat_recognizers", "find_all"]


def chat_recognizers() -> list[ChatRecognizer]:
    """One of each; they also fit into a `presidio_analyzer.RecognizerRegistry`."""
    return [
        ContactRecognizer(),
        AccountRecognizer(),
        SecretRecognizer(),
        DeviceRecognizer(),
        NumberRecognizer(),
        PlaceRecognizer(),
        NameRecognizer(),
    ]


def find_all(glances: Sequence[Glance]) -> list[list[Span]]:
    """For each text what they find together; may overlap. Pattern by pattern over all texts, which is quicker."""
    index, names = _together()
    return [[*spans, *names.find_alone(glance)] for spans, glance in zip(index.find(glances), glances, strict=True)]


@cache
def _together() -> tuple[Index, NameRecognizer]:
    return Index(pattern for each in chat_recognizers() for pattern in each.patterns), NameRecognizer()

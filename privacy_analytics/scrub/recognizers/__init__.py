"""Presidio recognizers for chat: patterns and cues behind cheap literal checks, no context pass."""

from __future__ import annotations

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


def find_all(glance: Glance) -> list[Span]:
    """What they find together, in one go; may overlap."""
    index, names = _together()
    return [*index.find(glance), *names.find(glance)]


@cache
def _together() -> tuple[Index, NameRecognizer]:
    return Index(pattern for each in chat_recognizers() for pattern in each.patterns), NameRecognizer()

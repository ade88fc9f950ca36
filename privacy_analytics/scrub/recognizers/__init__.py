"""Presidio recognizers for chat: patterns and cues behind cheap literal checks, no context pass."""

from __future__ import annotations

from privacy_analytics.scrub.recognizers.accounts import AccountRecognizer
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance, Pattern
from privacy_analytics.scrub.recognizers.contact import ContactRecognizer
from privacy_analytics.scrub.recognizers.devices import DeviceRecognizer
from privacy_analytics.scrub.recognizers.names import NameRecognizer
from privacy_analytics.scrub.recognizers.numbers import NumberRecognizer
from privacy_analytics.scrub.recognizers.places import PlaceRecognizer
from privacy_analytics.scrub.recognizers.secrets import SecretRecognizer

__all__ = ["ChatRecognizer", "Glance", "Pattern", "chat_recognizers"]


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

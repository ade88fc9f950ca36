"""Where the name model's weights lie, and which they are."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from privacy_analytics.errors import SettingsError
from privacy_analytics.shipped import shipped


def model_file() -> Path:
    """The ONNX file; its tokenizer lies beside it. Raises `SettingsError` where it is not installed."""
    path = shipped("data", "model", "tagger.onnx")
    if not path.exists():
        raise SettingsError("The name model is missing. Install the package anew, or scrub with tier 'fast'.")
    return path


@cache
def model_hash() -> str:
    """SHA-256 of the ONNX file, in hex."""
    return hashlib.sha256(model_file().read_bytes()).hexdigest()

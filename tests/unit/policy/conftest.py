"""Workspaces with a second version of the policy, of its own document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from privacy_analytics.settings import Settings, read
from privacy_analytics.shipped import shipped

TRAINING = """
[purposes.training]
what = "Training models"
clause = 4
lawful_basis = "6(1)(a)"
audience = "inside"
population = "all"

[[matrix]]
purposes = ["training"]
datasets = ["events"]
columns = ["time", "key"]

[commitments]"""
Later = Callable[..., Settings]


@pytest.fixture
def later() -> Later:
    """``later(settings, posted, (old, new), …)``: policy 1.1, the shipped document with these parts replaced.

    ``training=True`` adds the purpose training, which may read events, with a share of the privacy loss.
    """

    def make(settings: Settings, posted: str, *pairs: tuple[str, str], training: bool = False) -> Settings:
        document = shipped("data", "policy.toml").read_text(encoding="utf-8")
        for old, new in (*pairs, *([("\n[commitments]", TRAINING)] if training else [])):
            assert old in document
            document = document.replace(old, new, 1)
        settings.path("policy").mkdir(mode=0o700, exist_ok=True)
        settings.path("policy", "1.1.toml").write_text(document, encoding="utf-8")
        file = settings.path("workspace.toml")
        text = file.read_text().replace("[loss] ", f'[[policy]]\nversion = "1.1"\nposted = {posted}\n\n[loss] ', 1)
        if training:
            text = text.replace("revisions = 0.20", "revisions = 0.10\ntraining = 0.10")
        file.write_text(text)
        return read(settings.root)

    return make

"""Where a workspace keeps its releases."""

from __future__ import annotations

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.settings import Settings


def release_store(settings: Settings) -> ReleaseStore:
    """The store of a workspace's releases: its folder ``releases``."""
    return ReleaseStore(settings.path("releases"))

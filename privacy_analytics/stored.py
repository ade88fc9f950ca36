"""Where a workspace keeps its releases."""

from __future__ import annotations

import hmac
from functools import lru_cache

from privacy_analytics.dp.store import FolderStore, ReleaseStore
from privacy_analytics.settings import Settings


def release_store(settings: Settings) -> ReleaseStore:
    """The store of a workspace's releases: its folder ``releases``, or the PostgreSQL database that it names.

    A database without releases takes over those of the folder, which stays as it is.
    Raises SettingsError where the database cannot be used, or belongs to another workspace.
    """
    folder = FolderStore(settings.path("releases"))
    if not settings.operating.releases_url:
        return folder
    first_key, *_ = settings.secret_keys()  # rotation adds others after it
    owner = hmac.digest(first_key, b"releases", "sha256").hex()[:32]
    return _database(settings.operating.releases_url, owner, folder)


@lru_cache(maxsize=8)
def _database(url: str, owner: str, folder: FolderStore) -> ReleaseStore:
    """One pool of connections a process, however often it opens its workspace."""
    from privacy_analytics.dp.database import DatabaseStore  # SQLAlchemy, where it is needed

    return DatabaseStore(url, owner=owner, before=folder)

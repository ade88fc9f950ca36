"""A workspace whose releases are made by hand, and finished runs in it."""

from __future__ import annotations

import pytest

from privacy_analytics.dp.store import ReleaseStore


@pytest.fixture
def house(empty):
    """A workspace without data."""
    return empty


@pytest.fixture
def store(house, world):
    """Its store, with the releases of ``world``."""
    made = ReleaseStore(house.path("releases"))
    for each in world.values():
        made.put(each.id, each.to_json())
    return made

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # find.py is also a command of its own: no package around it


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The release of the honest report."""
    from staged import RELEASE

    from privacy_analytics.dp.store import FolderStore

    made = FolderStore(tmp_path_factory.mktemp("releases"))
    made.put(RELEASE.id, RELEASE.to_json())
    return made

"""Nothing that was planted is anywhere in a workspace: every file is opened and every text in it is read."""

import csv
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import islice

import pytest
from steps import copy

from privacy_analytics import workspace
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.sample import write_sample
from privacy_analytics.witness import UNREADABLE, find

pytestmark = pytest.mark.slow

MISSED: dict[str, int] = {}
"""Canaries that the scrubber is known to miss in the demo, by kind: none today."""
REFUSED = (
    *("this is my loop", "why is there a mood in my export", "when was that", "who am i", "31/10/2026 26:61"),
    *("conv-riff", "conv-undeclared", "conv-nobody", "tick-flac", "tick-webm", "cr-mp4", "cr-time", "cr-nobody"),
    *("M4A mp42", "la la la la la la"),  # nothing shorter: four letters turn up in compressed pages by chance
)
"""Of rows that went to quarantine, and of rows without an account."""


@dataclass(frozen=True)
class Unmasked:
    """What a scrubber gives when it masks nothing."""

    text: str


class Identity:
    """Stands where the scrubber stands, and masks nothing."""

    tier = "none"

    def scrub(self, texts, own=None, conversations=None):
        return [Unmasked(text) for text in texts]


@pytest.fixture(scope="module")
def found(demo, tmp_path_factory):
    """(group, needle) of everything found in the demo, in one walk; of the accounts, every fiftieth is sought."""
    folder = tmp_path_factory.mktemp("searched") / "w"
    shutil.copytree(demo.root, folder, ignore=shutil.ignore_patterns("export", "key"))
    planted = [(kind, text) for kind, texts in canaries(tmp_path_factory.mktemp("same")).items() for text in texts]
    with (demo.root / "export" / "accounts.csv").open() as file:
        accounts = [
            ("account", row[name])
            for row in islice(csv.DictReader(file), 0, None, 50)
            for name in ("account_id", "email", "username")
        ]
    needles = [*planted, *accounts, *(("refused", text) for text in REFUSED)]
    hits = find(folder, [text for _, text in needles])
    return {needles[hit.needle] if hit.needle != UNREADABLE else ("unreadable", hit.path) for hit in hits}


def canaries(folder):
    """Those of the demo: the same seed gives the same export."""
    return write_sample(folder).canaries


def test_the_searcher_finds_every_canary_when_nothing_is_scrubbed(fresh, tmp_path):
    sample = write_sample(tmp_path / "export", accounts=500, conversations=60)
    root = copy(fresh, tmp_path / "w")
    ingest(workspace.load(root), sample.folder, scrubber=Identity())
    needles = [(kind, text) for kind, texts in sample.canaries.items() for text in texts]
    hits = find(root, [text for _, text in needles])
    seen = {needles[hit.needle] for hit in hits if hit.needle != UNREADABLE}
    assert [kind for kind, text in needles if (kind, text) not in seen] == []


def test_everything_in_the_workspace_could_be_read(found):
    assert [path for group, path in found if group == "unreadable"] == []


def test_no_canary_is_in_the_workspace_but_for_names_known_to_be_missed(found):
    missed = Counter(kind for kind, _ in found if kind not in ("account", "refused", "unreadable"))
    assert missed - Counter(MISSED) == Counter()


def test_no_account_id_mail_or_user_name_is_in_the_workspace(found):
    assert sum(group == "account" for group, _ in found) == 0


def test_nothing_of_a_refused_row_is_in_the_workspace(found):
    assert [text for group, text in found if group == "refused"] == []

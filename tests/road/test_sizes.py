"""A product of any size gets a page that reads well, short where there is little to say; and fits into memory."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from steps import MONTH, ok, run

from privacy_analytics.sample import write_sample

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module", params=[200, 2_000])
def page(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"of-{request.param}")
    ok("init", folder / "w", "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    write_sample(folder / "export", accounts=request.param, conversations=60)
    ok("ingest", folder / "export", "-w", folder / "w", "--tier", "fast")
    done = run(folder / "w", "usage_report")
    assert done.returncode == 0, done.stderr
    return (folder / "w" / "runs" / MONTH / "usage_report" / "001" / "report.html").read_text()


def test_it_starts_with_a_sentence_to_rely_on(page):
    """False alarm below 1e-4: at 200 accounts its interval reaches 60 % from the number at 4 standard deviations."""
    assert re.search(r'<li class="clear">(?:About|Between) [^<]* accounts were active', page)


def test_weak_numbers_are_few(page):
    shown = Counter(re.findall(r'<tr class="(ok|approximate|unreliable)"', page))
    assert shown["unreliable"] <= shown["ok"] + shown["approximate"]


def test_what_it_is_too_small_for_is_listed_once_with_a_size(page):
    listed = page.partition('<ul class="unshown">')[2].partition("</ul>")[0]
    assert len(re.findall(r": from about [\d,]+ accounts</li>", listed)) >= 5
    assert page.count('<ul class="unshown">') == 1


SMALL = """
import sys
from pathlib import Path
from privacy_analytics import counting, settings
from privacy_analytics.ingest import export, intake, landing, staging
export.ROWS, export.CHUNK["accounts"] = 10_000, 2_000
staging.HELD = staging.WHOLE = 2**21
landing.KNOWN_ROWS = landing.SESSION_ROWS = counting.SPAN_ROWS = 2**14
workspace = settings.read(Path(sys.argv[1]))
"""
INGEST = """
from privacy_analytics.scrub import IdentityHasher, Scrubber
scrubber = Scrubber("fast", hasher=IdentityHasher(*workspace.secret_keys()))
intake.ingest(workspace, Path(sys.argv[2]), scrubber=scrubber)
"""
ASK = """
from privacy_analytics.contracts import tables
from privacy_analytics.dp.questions import CountRows
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import resolve
from privacy_analytics.snapshots import snapshot
frozen, contract = snapshot(workspace, "2026-10"), tables(workspace)
question, of = CountRows("events", by="day"), {"month": "2026-10", "snapshot": frozen.token}
bounded = resolve(question, contract, purpose="exploration", **of)
counting.LakeEngine(Lake(workspace.path("lake")), contract, [frozen], b"salt", "UTC").sums(bounded)
"""
EXPORTS = Path(__file__).parents[2] / "benchmarks" / "growing" / "exports.py"


def peak(script: str, *arguments: object) -> int:
    """KiB (bytes on macOS) that a process needs at most to run what stands in a script."""
    ran = subprocess.Popen([sys.executable, "-c", SMALL + script, *map(str, arguments)])
    _, status, used = os.wait4(ran.pid, 0)
    ran.returncode = os.waitstatus_to_exitcode(status)
    assert ran.returncode == 0
    return used.ru_maxrss


def test_a_month_of_ten_times_the_events_needs_no_more_memory(tmp_path):
    """With spans a sixteenth as large as they are, so that these sizes tell of some 10^6 and 10^7 events."""
    peaks = []
    for events in (60_000, 600_000):
        export, root = tmp_path / f"export-{events}", tmp_path / f"w-{events}"
        subprocess.run([sys.executable, EXPORTS, export, str(events)], check=True)
        ok("init", root, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
        peaks.append([peak(INGEST, root, export), peak(INGEST, root, export), peak(ASK, root)])
    for small, large in zip(*peaks, strict=True):
        assert large <= 1.5 * small

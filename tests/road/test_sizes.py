"""A product of any size gets a page that reads well: short where there is little to say, no list of weak numbers."""

import re
from collections import Counter

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

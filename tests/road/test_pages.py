"""What the bytes of the demo's pages hold; ``tests/browser`` opens them."""

import re

import pytest
from steps import MONTH

from privacy_analytics.gate.site import house

pytestmark = pytest.mark.slow
PAGES = {
    "site": "published/index.html",
    "usage_report": f"published/{MONTH}/usage_report/index.html",
    "case_study": f"published/{MONTH}/case_study/index.html",
}


@pytest.fixture(params=PAGES)
def page(demo, request):
    return demo.root / PAGES[request.param]


@pytest.fixture
def text(page):
    return page.read_text()


def test_a_page_loads_and_runs_nothing_and_leads_only_to_pages_beside_it(page, text):
    kind = "index" if "<script" in text.lower() else "page"  # the site's index has one, where it has statistics
    assert kind == "page" or page.parent.name == "published"
    assert f'content="{house(kind).csp}">' in text
    if kind == "index":
        assert text.lower().count("<script") == 1
        assert f"<script>{house(kind).script}</script>" in text
        text = text.replace(str(house(kind).script), "")
    targets = set(re.findall(r'(?:src|href|action|data)="([^"#][^"]*)"', text)) - {"mailto:privacy@example.com"}
    assert targets <= {str(file.relative_to(page.parent)) for file in page.parent.rglob("*.*")}
    assert not re.findall(r"url\(\s*['\"]?[^#)'\"]", text)
    assert set(re.findall(r"\w+://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


@pytest.mark.parametrize("page", ["usage_report"], indirect=True)
def test_a_usage_report_has_six_figures_each_with_words_and_numbers(text):
    drawn = [part for part in re.findall(r'<section class="pa".*?</section>', text, re.DOTALL) if "<figure" in part]
    assert len(drawn) >= 6
    for part in drawn:
        assert re.search(r'<div role="img" aria-label="[^"]{40,}">', part)
        figure, _, numbers = part.partition("<details>")
        assert "</figure>" in figure
        assert numbers.count("<td") >= 3

"""Each look at a page finds what it looks for: planted here, so that a clean page means something."""

import pytest
from looks import beyond_the_edge, cut_on_paper, hard_to_read, unfit

pytestmark = [pytest.mark.service, pytest.mark.slow]
CSP = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""


@pytest.fixture
def written(tmp_path, opened):
    """``written(body, head="")``: a page with these in it, opened."""

    def write(body, head="", **how):
        (tmp_path / "index.html").write_text(
            f'<!doctype html><html lang="en"><head><title>A page</title><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width">{head}</head><body><main>{body}</main></body></html>'
        )
        return opened(tmp_path / "index.html", **how)

    return write


def test_a_request_is_seen(written):
    assert len(written("<img src='gone.png' alt=''>").requests()) == 2


@pytest.mark.parametrize(
    ("planted", "head"),
    [
        ("<script>1</script>", CSP),
        ("<img src='gone.png' alt=''>", CSP),
        ("<b onclick='1'>a</b>", CSP),
        ("<script>console.log('a')</script>", ""),
        ("<script>throw 1</script>", ""),
    ],
)
def test_what_the_policy_stops_and_what_scripts_say_is_heard(written, planted, head):
    assert written(planted, head).complaints()
    assert written("<b style='color:red'>a</b>", head).complaints() == []


def test_grey_on_grey_and_a_figure_without_words_are_unfit(written, axe):
    grey = "<p style='color:#aaa;background:#fff'>some words</p>"
    found = unfit(written(f"<details><summary>More</summary>{grey}</details><div role='img'><svg></svg></div>"), axe)
    assert {each.split(":")[0] for each in found} == {"color-contrast", "role-img-alt"}


def test_dark_is_looked_at_in_the_dark(written, axe):
    style = "<style>@media (prefers-color-scheme: dark) { p { color: #333; } body { background: #111; } }</style>"
    assert unfit(written("<p>some words</p>", style), axe) == []
    assert unfit(written("<p>some words</p>", style, scheme="dark"), axe)


def test_what_stands_beyond_the_edge_is_seen_in_closed_details_too(written):
    wide = "<details><summary>More</summary><div style='width:500px'>wide</div></details>"
    assert len(beyond_the_edge(written(wide, width=360))) == 2
    assert beyond_the_edge(written(wide, width=1280)) == []
    scrolled = f"<div style='overflow-x:auto'>{wide}</div>"
    assert len(beyond_the_edge(written(scrolled, width=360))) == 1


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ("<text x='9' y='40'>one</text><text x='200' y='40'>two</text>", 0),
        ("<text x='9' y='40'>one</text><text x='12' y='40'>two</text>", 1),
        ("<text x='9' y='40' font-size='9'>one</text>", 1),
        ("<text x='390' y='40'>one</text>", 1),
    ],
)
def test_small_hidden_and_cut_writing_is_seen(written, texts, found):
    drawn = f"<svg viewBox='0 0 400 80' width='400' font-size='14'>{texts}</svg>"
    assert len(hard_to_read(written(drawn))) == found


def test_a_figure_on_two_sheets_and_a_number_on_none_are_seen(written, pdftotext, tmp_path):
    tall = "<div style='height:850px'></div><figure><p>one</p><div style='height:200px'></div><p>two</p></figure>"
    lost = "<details><summary>More</summary><table><tr><td class='n'>1,234</td></tr></table></details>"
    found = cut_on_paper(written(tall + lost), 8.5, 11.0, tmp_path)
    assert [each[:7] for each in found] == ["<figure", "<table>", "<tr><td", "1,234 i"]
    assert cut_on_paper(written("<figure>one</figure>"), 8.5, 11.0, tmp_path) == []

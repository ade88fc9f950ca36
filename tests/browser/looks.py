"""What is looked at on a page: each returns what is wrong, in words, and nothing where all is well."""

import re
import subprocess
from collections import Counter

GRAVE = ("serious", "critical")
SMALLEST = 11
"""CSS pixels of the writing in a figure, on a telephone too."""
OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true })"
WRITING = """[...document.querySelectorAll('svg')].flatMap((svg, number) => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width, frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(text => ({text, box: text.getBoundingClientRect()}));
  const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 3 || b.bottom <= a.top + 3;
  return texts.flatMap(({text, box}, at) => [
    ...(parseFloat(getComputedStyle(text).fontSize) * scale < SMALLEST ? [`figure ${number}: small: ${text.textContent}`] : []),
    ...(box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1
        ? [`figure ${number}: cut: ${text.textContent}`] : []),
    ...texts.slice(at + 1).filter(other => !apart(box, other.box))
        .map(other => `figure ${number}: ${text.textContent} on ${other.text.textContent}`),
  ])
})"""  # noqa: E501
BEYOND = """[...document.body.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 80))"""
KEPT = "figure, table, tr, .tile, .said, .persona, dl div, li"
"""What is not cut by the end of a sheet of paper, unless it is taller than one."""
MARKED = """(() => {
  const mark = (at, text, edge) => {
    const made = document.createElement('span');
    made.textContent = text;
    made.style.cssText = `position:absolute;left:0;${edge}:0;font:1px monospace;color:rgba(0,0,0,.02);white-space:nowrap`;
    at.style.position = 'relative';
    at.append(made);
  };
  return [...document.querySelectorAll(KEPT)].filter(each => each.getBoundingClientRect().height < SHEET).map((each, number) => {
    const cells = each.matches('table, tr') ? each.querySelectorAll('th, td') : [each];
    mark(cells[0], `qz${number}a`, 'top');
    mark(cells[cells.length - 1], `qz${number}b`, 'bottom');
    return each.outerHTML.slice(0, 120);
  })
})()"""  # noqa: E501


def unfit(page, axe):
    """Serious and critical findings of axe-core, with all details open."""
    page(OPEN)
    page(axe)
    found = page("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {node['html']}" for each in found if each["impact"] in GRAVE for node in each["nodes"]]


def beyond_the_edge(page):
    """Whether the page scrolls sideways, and what of it stands beyond the edge of its window, all details open."""
    page(OPEN)
    scrolls = page("document.scrollingElement.scrollWidth > document.documentElement.clientWidth")
    return ["the page scrolls sideways"] * scrolls + page(BEYOND)


def hard_to_read(page):
    """Writing in figures that is small, cut off, or over other writing."""
    return page(WRITING.replace("SMALLEST", str(SMALLEST)))


def cut_on_paper(page, width, height, folder):
    """What of ``KEPT`` begins on one sheet and ends on another, and numbers of tables that are on none."""
    numbers = Counter(page("[...document.querySelectorAll('td.n')].map(each => each.textContent)"))
    sheet = (height - 1) * 96
    kept = page(MARKED.replace("KEPT", repr(KEPT)).replace("SHEET", str(sheet)))
    (folder / "page.pdf").write_bytes(page.paper(width, height))
    text = subprocess.run(
        ["pdftotext", "-raw", "page.pdf", "-"], cwd=folder, check=True, capture_output=True, text=True
    )
    sheets = text.stdout.removesuffix("\f").split("\f")
    at = {found: number for number, sheet in enumerate(sheets) for found in re.findall(r"qz\d+[ab]", sheet)}
    ends = [(said, at.get(f"qz{number}a"), at.get(f"qz{number}b")) for number, said in enumerate(kept)]
    cut = [said for said, first, last in ends if first is None or first != last]
    printed = "".join(re.sub(r"qz\d+[ab]|\s", "", sheet) for sheet in sheets)
    lost = [number for number, times in numbers.items() if printed.count("".join(number.split())) < times]
    return cut + [f"{number} is not on paper" for number in lost]

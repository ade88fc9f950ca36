"""The notebooks in JupyterLab, as an analyst runs them: opened in a browser, all cells run, looked at.

What is run is the small workspace whose usage report was made before, so its answers are there and cost nothing.
"""

import os
import runpy
import subprocess
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from steps import command, copy

pytestmark = [pytest.mark.service, pytest.mark.slow]
NOTEBOOKS = {"my_question": 1, "usage_report": 8}
"""How many pictures each has at least."""
TOKEN = "of-this-test"
CONFTEST = Path(__file__).parents[1] / "road" / "conftest.py"
fresh, filled, reported = itemgetter("fresh", "filled", "reported")(runpy.run_path(str(CONFTEST)))

READY = """new Promise(done => {
  const look = () => globalThis.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle"
    ? done() : setTimeout(look, 50);
  look();
})"""
RUN = "jupyterapp.commands.execute('notebook:run-all-cells')"
ERRORS = "document.querySelectorAll('[data-mime-type$=error], [data-mime-type$=stderr]').length"
WIDTHS = "[...document.querySelectorAll('.pa svg')].map(svg => svg.getBoundingClientRect().width)"
WIDER = """[...document.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output .pa')]
  .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText.slice(0, 40))"""
PAPER, INK = (
    f"Math.max(...getComputedStyle(document.querySelector('{where}')).{what}.match(/[0-9]+/g).slice(0, 3))"
    for where, what in ((".jp-Notebook", "backgroundColor"), (".pa figcaption strong", "color"))
)
"""How light they are, from 0 to 255."""
THEME = f"""new Promise(done => {{
  const dark = "%s" === "Dark", said = () => document.body.dataset.jpThemeLight === String(!dark);
  const look = () => {PAPER} < 128 === dark && said() ? done() : setTimeout(look, 50);
  jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab %s'}}).then(look);
}})"""


@contextmanager
def lab(root: Path, home: Path):
    """``pa lab`` on a workspace, at an address of its own."""
    own = {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "IPYTHONDIR": str(home / "ipython")}
    options = ["--no-browser", "--allow-root", "--port=0", f"--IdentityProvider.token={TOKEN}"]
    line = command("lab", "-w", root, "--", *options, "--LabApp.expose_app_in_browser=True")
    with subprocess.Popen(line, env=os.environ | own, stderr=subprocess.PIPE, text=True) as process:
        try:
            at = next(said.split()[-1].split("/lab")[0] for said in process.stderr if "http://127.0.0.1:" in said)
            while not listens(at):
                with suppress(subprocess.TimeoutExpired):
                    raise AssertionError(f"JupyterLab ended with {process.wait(0.1)}")
            yield at
        finally:
            process.terminate()
            process.communicate()


def listens(address: str) -> bool:
    """Its address is said before it listens there."""
    try:
        with urlopen(f"{address}/api"):
            return True
    except URLError:
        return False


@pytest.fixture(scope="module")
def address(reported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with lab(copy(reported, folder / "w"), folder) as at:
        yield at


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request):
    return request.param


@pytest.fixture(scope="module")
def ran(browser, address, notebook):
    """The notebook in a window of 1280 pixels after "Run All Cells"."""
    page = browser.open(f"{address}/lab/tree/{notebook}.ipynb?token={TOKEN}&reset")
    page(READY)
    assert page(RUN), "a cell failed"
    yield page
    page.close()


def test_its_figures_are_there_and_no_cell_complains(ran, notebook):
    widths = ran(WIDTHS)
    assert len(widths) >= NOTEBOOKS[notebook]
    assert min(widths) > 300
    assert ran(ERRORS) == 0


def test_no_output_is_wider_than_its_place(ran):
    assert ran(WIDER) == []


def test_nothing_leaves_the_machine_and_nothing_is_said_to_the_console(ran, address):
    hosts = {urlsplit(asked).netloc for asked in ran.requests() if not asked.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(address).netloc}
    said = [each for each in ran.complaints() if each.get("type") != "debug" and "issue" not in each]  # those are Lab's
    assert said == []


def test_lab_asks_no_package_index_for_extensions(address):
    with urlopen(f"{address}/lab?token={TOKEN}") as page:
        assert '"name": "read-only"' in page.read().decode()


@pytest.mark.parametrize("theme", ["Dark", "Light"])  # the last one is how Lab starts next time
def test_its_writing_can_be_read_in_both_themes(ran, theme):
    ran(THEME % (theme, theme))
    assert abs(ran(INK) - ran(PAPER)) > 180

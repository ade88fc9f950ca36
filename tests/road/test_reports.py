"""What a report is: whole, self-contained, paid once; and what it costs when something is added, or goes wrong."""

import fcntl
import html
import re

import pytest
from steps import MONTH, answers, copy, events, files, pa, run, spent, write_report

pytestmark = pytest.mark.slow
SESSION = (
    "from privacy_analytics import CountAccounts, open_session\n\n"
    'session = open_session(workspace, month=month, purpose="usage", report="other")'
)
LEAKY = "who = 'anneliese' + '.' + 'zwirn@example' + '.org'\nraise ValueError(f'no such account: {who}')"
SECRET = b"anneliese.zwirn@example.org"


@pytest.fixture
def root(reported, tmp_path):
    return copy(reported, tmp_path / "w")


def page(root, number="001", report="usage_report"):
    return (root / "runs" / MONTH / report / number / "report.html").read_text()


def fragments(text):
    """The drawn parts of a page by what they are made of, less what sums up all the others or forecasts the rest."""
    drawn = re.findall(r'<section class="pa" data-fragment="([^"]*)">.*?</section>', text, re.DOTALL)
    parts = re.findall(r'<section class="pa".*?</section>', text, re.DOTALL)
    return {
        spec: part
        for spec, part in zip(drawn, parts, strict=True)
        if not re.search("privacy_box|not_shown", html.unescape(spec))
    }


def test_every_answer_of_the_report_has_one_commit_and_one_charge(root):
    keys = [event.key for event in events(root) if event.kind == "commit"]
    drawn = [event.key for event in events(root) if event.kind == "drawing"]
    assert len(keys) == len(set(keys)) >= 6
    assert set(drawn) == set(keys)  # what spans two months is charged to each of them
    assert {file.stem.removeprefix("r-") for file in (root / "releases").glob("*.json")} == {k[:12] for k in keys}


def test_a_block_added_to_a_report_is_all_that_is_paid(root):
    notebook = root / "notebooks" / "usage_report.ipynb"
    plan = '    \\"os\\": CountAccounts(\\"events\\", by=\\"os\\"),\\n'
    added = '    \\"kinds\\": CountAccounts(\\"events\\", by=\\"event\\"),\\n'
    show = 'released.show(\\"host\\", \\"Music software\\", of=\\"month\\")'
    text = notebook.read_text()
    assert text.count(plan) == text.count(show) == 1
    notebook.write_text(
        text.replace(plan, plan + '",\n    "' + added).replace(show, f"{show.replace('host', 'kinds')}")
    )
    before, paid = answers(root), len(events(root))
    done = run(root, "usage_report")
    assert done.returncode == 0, done.stderr
    assert {key: text for key, text in answers(root).items() if key in before} == before
    new = events(root)[paid:]
    assert [event.kind for event in new] == ["reserve", "drawing", "commit"]
    assert '"by":["event"]' in new[-1].payload.replace(" ", "")
    old, fresh = fragments(page(root)), fragments(page(root, "002"))
    assert len(fresh.keys() - old.keys()) == 1
    assert len(old.keys() - fresh.keys()) == 1  # the block that it stands in place of
    assert all(old[spec] == fresh[spec] for spec in old.keys() & fresh.keys())


@pytest.mark.long
def test_a_second_report_pays_for_its_own_questions_alone(root):
    blocks = (
        'month=CountAccounts("events"), os=CountAccounts("events", by="os"), '
        'kinds=CountAccounts("events", by="event"), plans=CountAccounts("accounts", by="plan_tier")'
    )
    write_report(
        root, "other", SESSION, f"released = session.plan({blocks}).release()", 'released.show("os", "Systems")'
    )
    before, paid = answers(root), len(events(root))
    done = run(root, "other")
    assert done.returncode == 0, done.stderr
    new = events(root)[paid:]
    assert [event.kind for event in new].count("reserve") == 1
    assert {key for key in answers(root) if key not in before} == {e.key for e in new if e.kind == "drawing"}
    assert len(answers(root)) == len(before) + 2
    assert set(fragments(page(root, report="other"))) & {s for s in fragments(page(root)) if '"os"' in s} == set()
    assert {key: answers(root)[key] for key in before} == before


def test_a_new_policy_leaves_old_answers_as_they_are(root):
    settings = root / "workspace.toml"
    version = '[[policy]]\nversion = "1.1"\nposted = 2026-11-01\neffective = 2026-11-15\n\n[loss]'
    settings.write_text(settings.read_text().replace("[loss]", version, 1))
    before, releases = spent(root), files(root / "releases")
    done = run(root, "usage_report")
    assert done.returncode == 0, done.stderr
    assert "spent 0" in done.stdout
    assert spent(root) == before
    assert files(root / "releases") == releases
    assert "privacy policy 1.1" in page(root, "002")
    assert fragments(page(root, "002")) == fragments(page(root))


def test_a_failed_run_replaces_nothing_and_its_values_are_nowhere(root):
    good = files(root / "runs")
    write_report(root, "usage_report", LEAKY)
    done = run(root, "usage_report")
    assert done.returncode == 50
    assert "ValueError" in done.stderr
    assert SECRET not in (done.stdout + done.stderr).encode()
    left = files(root / "runs")
    assert {name: left[name] for name in good} == good
    new = {name for name in left.keys() - good.keys() if "/attempts/" not in name}
    assert new == {f"{MONTH}/usage_report/failed.ipynb"}
    assert [name for name, content in files(root).items() if SECRET in content] == []
    assert (root / "runs" / MONTH / "usage_report" / "failed.ipynb").stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_a_number_typed_by_hand_keeps_a_report_back(root):
    write_report(root, "other", SESSION, 'session.release(CountAccounts("events")).sentence()', "## 1,234 people")
    done = run(root, "other")
    assert done.returncode == 40
    assert "a number in prose that no release stands behind" in done.stderr
    assert not list((root / "runs" / MONTH / "other").glob("[0-9]*"))


def test_an_unknown_parameter_is_refused_before_a_kernel_starts(root, tmp_path):
    done = pa(
        "run",
        "usage_report",
        "-w",
        root,
        "--month",
        MONTH,
        "-p",
        "spnd",
        "0.5",
        JUPYTER_RUNTIME_DIR=str(tmp_path / "jupyter"),
    )
    assert done.returncode == 2
    assert "Did you mean spend?" in done.stderr
    assert files(tmp_path / "jupyter") == {}  # a kernel would have left its trace here, and a heading on the terminal
    assert "Usage report" not in done.stderr


def test_a_month_without_data_is_refused_by_name_and_costs_nothing(root):
    before = (spent(root), files(root / "snapshots"))
    done = pa("run", "usage_report", "-w", root, "--month", "2026-08")
    assert done.returncode == 20
    assert "Months present: 2026-09, 2026-10." in done.stderr
    assert (spent(root), files(root / "snapshots")) == before


def test_of_two_runs_at_once_the_second_is_told_to_wait(root):
    with (root / "runs" / MONTH / "usage_report" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run(root, "usage_report")
    assert done.returncode == 75
    assert "is running for this month already" in done.stderr

"""``pa demo``: one command from nothing to published reports, and again for nothing."""

import polars as pl
import pytest
from steps import MONTH, copy, curator, files, ok, pa

from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.session import Session

pytestmark = pytest.mark.slow


def test_the_demo_says_where_to_look_and_what_was_spent(demo):
    lines = dict(line.split(maxsplit=1) for line in demo.printed.splitlines()[-6:])
    assert lines["spent"].startswith("rho 0.0")
    for named in ("usage_report", "case_study", "site"):
        assert demo.root in type(demo.root)(lines[named]).parents
        assert type(demo.root)(lines[named]).is_file()


def test_the_demo_writes_its_own_folder_only(demo):
    assert [path.name for path in demo.called_in.iterdir()] == ["demo"]
    assert files(demo.home) == {}


@pytest.mark.long
def test_the_demo_again_spends_nothing_and_every_page_stays_as_it_is(demo, tmp_path):
    root = copy(demo.root, tmp_path / "demo")
    pages = {name: content for name, content in files(root).items() if name.endswith(".html")}
    assert len(pages) >= 7  # three runs, three published copies, the index; a page a statistic
    assert "spent          0 over" in ok("demo", cwd=tmp_path).stdout
    assert {name: content for name, content in files(root).items() if name.endswith(".html")} == pages


@pytest.mark.parametrize("what", ["folder", "file"])
def test_another_thing_named_demo_is_left_alone(tmp_path, what):
    mine = tmp_path / "demo" / "thesis.txt" if what == "folder" else tmp_path / "demo"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    done = pa("demo", cwd=tmp_path)
    assert done.returncode == 10
    assert done.stderr.startswith("pa: ./demo exists and is no workspace. Move it away")
    assert files(tmp_path) == {str(mine.relative_to(tmp_path)): b"mine"}


def test_the_released_month_is_near_the_truth(demo, tmp_path):
    """False alarm 2e-9: the band is six standard deviations, not the printed 95 % interval."""
    attested = pl.scan_csv(demo.root / "export" / "accounts.csv").filter("age_attested").select("account_id")
    true = (
        pl.scan_parquet(demo.root / "export" / "events.parquet")
        .filter(pl.col("occurred_at").dt.strftime("%Y-%m") == MONTH)
        .join(attested, on="account_id", how="semi")
        .select(pl.col("account_id").n_unique())
        .collect()
        .item()
    )
    session = Session(curator(copy(demo.root, tmp_path / "w")), month=MONTH, purpose="usage")
    (cell,) = session.release(CountAccounts("events")).release.cells
    assert abs(cell.value - true) <= 6 * cell.sigma
    assert 0 < cell.sigma < 100
    assert (cell.high - cell.low) / 2 == pytest.approx(1.96 * cell.sigma, rel=0.05)

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from privacy_analytics import workspace
from privacy_analytics.errors import NotFound, SettingsError
from privacy_analytics.settings import Settings


def test_everything_in_a_new_workspace_is_for_its_owner_alone(empty: Settings):
    modes = {path.relative_to(empty.root): path.stat().st_mode & 0o777 for path in empty.root.rglob("*")}
    assert {mode for path, mode in modes.items() if (empty.root / path).is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if (empty.root / path).is_file()} == {0o600}
    assert [len(key) for key in empty.secret_keys()] == [32]


def test_two_workspaces_have_two_keys(empty: Settings, tmp_path: Path):
    other = workspace.create(
        tmp_path / "other", product="P", contact_email="a@b.test", timezone="UTC", posted=date(2026, 1, 1)
    )
    assert other.secret_keys() != empty.secret_keys()


def test_a_workspace_is_never_made_over_another(empty: Settings):
    with pytest.raises(SettingsError, match="a workspace in w already"):
        workspace.create(empty.root, product="P", contact_email="a@b.test", timezone="UTC", posted=date(2026, 1, 1))


def test_what_the_settings_show_as_comments_can_be_uncommented(empty: Settings):
    file = empty.path("workspace.toml")
    file.write_text(re.sub(r"^# (?=\[|[a-z]+ = )", "", file.read_text(), flags=re.MULTILINE))
    read = workspace.load(empty.root)
    assert (read.retention, read.regions, read.holidays) == ({"chats": 730}, ("US", "CA"), "US-CA")
    assert [each.name for each in read.recipients] == ["Example Insights"]
    assert "preset_count" in read.columns["events"]


@pytest.mark.parametrize("name", ["", "lake", "private", "releases"])
def test_a_folder_that_others_can_read_is_refused_with_the_command(empty: Settings, name: str):
    empty.path(name).chmod(0o750)
    with pytest.raises(SettingsError, match="chmod 700"):
        workspace.load(empty.root)


@pytest.mark.parametrize("how", [shutil.move, shutil.copytree])
def test_a_moved_or_copied_workspace_opens_after_the_operator_says_so(empty: Settings, tmp_path: Path, how: object):
    there = tmp_path / "elsewhere"
    how(empty.root, there)  # type: ignore[operator]
    with pytest.raises(SettingsError, match="pa doctor --accept-restore"):
        workspace.load(there)
    workspace.accept_restore(there)
    assert workspace.load(there).product == "Plugin"


def test_a_workspace_is_found_by_name_then_variable_then_upward(
    empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(workspace.VARIABLE, raising=False)
    monkeypatch.chdir(empty.path("runs"))
    assert workspace.find() == empty.root
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="No workspace here or above"):
        workspace.find()
    monkeypatch.setenv(workspace.VARIABLE, str(empty.root))
    assert workspace.find() == empty.root
    with pytest.raises(NotFound, match="pa init"):
        workspace.find(tmp_path)

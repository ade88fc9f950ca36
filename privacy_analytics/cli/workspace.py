"""``pa init``, ``pa doctor``, ``pa lab``: make, check and open a workspace."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from privacy_analytics import workspace as places
from privacy_analytics.cli import options
from privacy_analytics.doctor import accept_restore as accept
from privacy_analytics.doctor import examine
from privacy_analytics.errors import SettingsError, UsageError
from privacy_analytics.shipped import shipped

LOCAL_CONTACT = "privacy@localhost"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--product", default="Assistant", show_default=True, help="Name of the product, printed on reports.")
@click.option(
    "--contact-email", default=LOCAL_CONTACT, show_default=True, help="Where people reach the privacy officer."
)
@click.option("--timezone", default="UTC", show_default=True, help="IANA time zone that months and days are cut in.")
@click.option(
    "--policy-posted", type=click.DateTime(["%Y-%m-%d"]), help="Day the privacy policy was posted; else today."
)
def init(folder: Path, product: str, contact_email: str, timezone: str, policy_posted: datetime | None) -> None:
    """Make a workspace in DIR: settings, key, folders and your own copy of the notebooks."""
    posted = (policy_posted or datetime.now(UTC)).date()
    settings = places.create(folder, product=product, contact_email=contact_email, timezone=timezone, posted=posted)
    copy_notebooks(settings.root)
    click.echo(f"workspace  {folder}\nsettings   {folder / 'workspace.toml'}")
    if contact_email == LOCAL_CONTACT:
        click.echo(f"note       contact_email is {LOCAL_CONTACT}; set the real one before you publish")
    click.echo(f"next       pa ingest EXPORT -w {folder}")


@click.command()
@options.workspace
@click.option("--accept-restore", is_flag=True, help="This moved or restored workspace is the only one in use.")
@click.option(
    "--tombstones",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The newest private/tombstones.json, kept beside the backups: who is on it is erased from this one, too.",
)
@click.option("--name", default="", help="Who accepts it, where the ledger is older than its releases.")
@click.option("--reason", default="", help="Why it is older.")
def doctor(workspace: str | None, accept_restore: bool, tombstones: Path | None, name: str, reason: str) -> None:
    """Say what is wrong with a workspace and how to mend it."""
    root = places.find(workspace)
    if accept_restore:
        accepted = accept(root, name=name, reason=reason, tombstones=tombstones)
        click.echo("this place is the workspace's home from now on")
        if accepted.accounts.erased:
            click.echo(
                f"{accepted.accounts.erased} account(s) that were erased before were erased from this backup again"
            )
        if accepted.accounts.left:
            click.echo(f"{accepted.accounts.left} account(s) are on hold or half erased: pa account requests")
        if accepted.releases:
            click.echo(f"{accepted.releases} release(s) that the ledger did not know are in it now, with their charges")
        if accepted.written:
            click.echo(f"{accepted.written} release(s) that the release store lacked were written from the ledger")
    elif tombstones:
        raise UsageError("--tombstones goes with --accept-restore.")
    findings = examine(root)
    for finding in findings:
        click.echo(f"{finding.level:<8} {finding.what}\n         {finding.mend}")
    if any(finding.level == "error" for finding in findings):
        raise SettingsError("The workspace is not fit for use yet; see above.")
    click.echo(f"ok       {len(findings)} warning(s)" if findings else "ok       nothing is wrong")


@click.command()
@options.workspace
@click.argument("arguments", nargs=-1)
def lab(workspace: str | None, arguments: tuple[str, ...]) -> None:
    """Open JupyterLab on the workspace's notebooks."""
    settings = places.load(workspace)
    environment = os.environ | {places.VARIABLE: str(settings.root)}
    own = settings.path("private", "lab")
    _no_news(own / "settings")
    folders = [f"--LabApp.user_settings_dir={own / 'settings'}", f"--LabApp.workspaces_dir={own / 'workspaces'}"]
    offline = "--LabApp.extension_manager=readonly"  # the other one asks a package index
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(settings.path("notebooks")), *folders, offline]
    os.execve(sys.executable, [*command, *arguments], environment)  # noqa: S606  # no shell, our own interpreter


def _no_news(folder: Path) -> None:
    """Lab asks its makers for news and updates unless it is told not to; nothing here speaks to the network."""
    file = folder / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))


def copy_notebooks(root: Path) -> None:
    """Copy the shipped notebooks, so that opening one never dirties what was installed."""
    target = root / "notebooks"
    target.mkdir(mode=0o700, exist_ok=True)
    for notebook in sorted(shipped("notebooks").glob("*.ipynb")):
        shutil.copyfile(notebook, target / notebook.name)

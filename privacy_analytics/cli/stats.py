"""``pa stats``: approved statistics, to search, quote and take away; and who approves and recalls them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy_analytics import sharing
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.marketing.terms import KINDS, REASONS
from privacy_analytics.workspace import load

if TYPE_CHECKING:
    from privacy_analytics.marketing.approvals import Approval
    from privacy_analytics.marketing.site import Site
    from privacy_analytics.marketing.statistics import Statistic

PURPOSE = "marketing"
"""What approved statistics are for."""


@click.group()
def stats() -> None:
    """Search, quote and export approved statistics; approve and recall them."""


@stats.command()
@click.argument("words", nargs=-1)
@options.workspace
@click.option("--feature", default="", help="Only about this feature, by its key: stem_splitter.")
@click.option("--month", default="", help="Only of this month: 2026-10.")
def search(words: tuple[str, ...], workspace: str | None, feature: str, month: str) -> None:
    """Find approved statistics in which all WORDS stand: in the sentence, its month, group or features."""
    from privacy_analytics.marketing.shelf import current

    site = _site(workspace)
    wanted = [each for phrase in words for each in phrase.split()]
    found = [
        (approval, statistic)
        for approval, statistic in current(site)
        if statistic.matches(wanted) and feature in ("", *statistic.features) and month in ("", statistic.month)
    ]
    for approval, statistic in found:
        _tell(approval, statistic)
    if not found:
        raise NotFound("No approved statistic has all of that. Take fewer words, or see: pa stats list")


@stats.command(name="list")
@options.workspace
def list_(workspace: str | None) -> None:
    """Print every approved statistic, then what may not be quoted any more and why."""
    from privacy_analytics.marketing.pages import expired, recalled
    from privacy_analytics.marketing.shelf import current

    site = _site(workspace)
    for approval, statistic in current(site):
        _tell(approval, statistic)
    recalls = site.approvals.recalls()
    ended = [each for each in site.approvals.all() if each.id not in recalls and each.until < site.today]
    for notice in [*map(recalled, recalls.values()), *map(expired, ended)]:
        click.echo(f"{notice.id}  not to be quoted. {notice.what}")


@stats.command()
@click.argument("statistic_id", metavar="S-ID")
@options.workspace
def show(statistic_id: str, workspace: str | None) -> None:
    """Print a statistic: the sentence with its interval, who approved it until when, how it was made."""
    from privacy_analytics.marketing.shelf import one

    approval, statistic = one(_site(workspace), statistic_id)
    tried = statistic.spec["options"]["offered"]
    click.echo(f"{statistic.sentence}\n")
    click.echo(f"about          {statistic.about}")
    click.echo(f"approved       by {approval.by} on {approval.on}; to be quoted until {approval.until}")
    click.echo(f"report         {approval.report}")
    click.echo("interval       holds the number without noise in at least 95 of 100 cases, together with those of all")
    click.echo(f"               {tried} sentence(s) that were tried in the report" if tried > 1 else "")
    for number, note in enumerate(statistic.notes(), start=1):
        click.echo(f"source {number}       {note}")


@stats.command()
@click.argument("statistic_id", metavar="S-ID")
@options.workspace
@click.option("--format", "kind", type=click.Choice(KINDS), required=True, help="Numbers as CSV or JSON, or a picture.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option(
    "--to", metavar="RECIPIENT", help="Whom outside it is for, as registered in workspace.toml; else marketing."
)
def export(statistic_id: str, workspace: str | None, kind: str, out: Path, to: str | None) -> None:
    """Write a statistic as a file, which passes the gate first; it is entered into the ledger of exports."""
    from privacy_analytics.marketing.shelf import handed_out

    site = _site(workspace)
    data = handed_out(
        site, statistic_id, kind, to=sharing.require(site.settings, to, PURPOSE) if to else sharing.MARKETING
    )
    try:
        out.write_bytes(data)
    except OSError:
        raise UsageError("That file cannot be written. Name one in a folder that exists.") from None
    click.echo(f"written        {out}")


@stats.command()
@click.argument("run", metavar="RUN")
@options.workspace
def claims(run: str, workspace: str | None) -> None:
    """Print what a finished RUN, MONTH/REPORT, tried to say: what may be quoted, what may not, and why not."""
    from privacy_analytics import policy
    from privacy_analytics.marketing.approvals import unfit
    from privacy_analytics.marketing.publish import report_of
    from privacy_analytics.marketing.statistics import statistics
    from privacy_analytics.report.places import finished

    site, problems = _site(workspace), dict[str, None]()
    floor, population = policy.floor(site.settings, "marketing"), policy.population(site.settings, "marketing")
    page, _ = report_of(finished(site.settings, run))
    for each in statistics(page.decode("utf-8"), site.store):
        if each.quotable:
            problem = unfit(each, floor=floor, population=population)
            problems |= {problem: None} if problem else {}
            verdict = "not for marketing" if problem else "may be quoted, once approved"
            click.echo(f"{each.id}  {verdict}\n    {each.said.text}")
        elif each.said.text:
            click.echo(f"no clear difference\n    {each.said.text}")
        else:
            click.echo(f"not supported\n    {each.topic}: too small or too noisy to say anything")
    click.echo("".join(f"\nNot for marketing: {problem}" for problem in problems), nl=bool(problems))


@stats.command()
@click.argument("statistic_id", metavar="S-ID")
@options.workspace
@options.canaries
@click.option("--by", required=True, metavar="NAME", help="Who approves it; the name stands on the site.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day to quote it; else twelve months from today.")
def approve(statistic_id: str, workspace: str | None, canaries: Path | None, by: str, until: datetime | None) -> None:
    """Approve a statistic that `pa stats claims` showed, and put it on the site."""
    from privacy_analytics.marketing.runs import find

    site = _site(workspace, canaries)
    statistic, report = find(site.settings, statistic_id)
    approval = site.approve(statistic, report=report, by=by, until=until.date() if until else None)
    AuditLog(site.settings).add("publish", by=approval.by, statistic=approval.id)
    sharing.record(site.settings, [approval.id], purpose=PURPOSE, to=sharing.EVERYBODY)
    _tell(approval, statistic)
    click.echo(f"site           {site.folder / 'index.html'}")


@stats.command()
@click.argument("statistic_id", metavar="S-ID")
@options.workspace
@options.canaries
@click.option("--by", required=True, metavar="NAME", help="Who recalls it.")
@click.option("--reason", type=click.Choice(list(REASONS)), required=True, help="Stands on the site, in words.")
def recall(statistic_id: str, workspace: str | None, canaries: Path | None, by: str, reason: str) -> None:
    """Take a statistic off the site for good; a notice stays.

    Never because of one person: no published number depends noticeably on any one account, so when somebody's data is
    erased nothing has to be recalled.
    """
    site = _site(workspace, canaries)
    recalled = site.recall(statistic_id, by=by, reason=reason)
    AuditLog(site.settings).add("recall", by=recalled.by, statistic=recalled.id, reason=recalled.reason)
    click.echo(f"recalled       {recalled.id}\nsite           {site.folder / 'index.html'}")


@stats.command()
@options.workspace
@options.canaries
def site(workspace: str | None, canaries: Path | None) -> None:
    """Make the site anew from what was approved and published; whatever has expired is marked as such."""
    click.echo(f"site           {_site(workspace, canaries).build()}")


def _site(workspace: str | None, canaries: Path | None = None) -> Site:
    from privacy_analytics.marketing.site import Site

    settings = load(workspace)
    return Site(settings, datetime.now(settings.zone).date(), tuple(options.texts(canaries)))


def _tell(approval: Approval, statistic: Statistic) -> None:
    click.echo(f"{statistic.id}  {statistic.about}  (until {approval.until})\n    {statistic.sentence}")

"""``pa budget``: what was spent, who granted more, and whether the ledger is whole."""

from __future__ import annotations

import click

from privacy_analytics.cli import options
from privacy_analytics.curator import Curator
from privacy_analytics.errors import UsageError
from privacy_analytics.settings import PURPOSES
from privacy_analytics.workspace import load


@click.group()
def budget() -> None:
    """Show, grant and verify privacy loss."""


@budget.command()
@options.workspace
def show(workspace: str | None) -> None:
    """Print what each month has spent, by purpose, in zCDP rho."""
    curator = Curator(load(workspace))
    months = curator.ledger.spent_by_month()
    for month, spent in months.items():
        click.echo(f"{month}  rho {spent / 1e9:.5f}")
        for purpose, purse in curator.purses(month).items():
            click.echo(f"  {purpose:<12} spent {purse.spent / 1e9:.5f} of {purse.allowance / 1e9:.5f}")
    click.echo(f"an account of every month: ε {curator.epsilon(sum(months.values())):.2f}")


@budget.command()
@options.workspace
@click.argument("month")
@click.argument("purpose", type=click.Choice(PURPOSES))
@click.argument("rho", type=float)
@click.option("--name", required=True, help="Who grants it.")
@click.option("--reason", required=True, help="Why.")
def grant(workspace: str | None, month: str, purpose: str, rho: float, name: str, reason: str) -> None:
    """Add RHO to a PURPOSE of a MONTH; it is written into the ledger for good."""
    if not 0 < rho <= 1:
        raise UsageError("rho is above 0 and at most 1.")
    Curator(load(workspace)).ledger.grant(
        month=month, purpose=purpose, nano_rho=int(rho * 1e9), name=name, reason=reason
    )
    click.echo(f"granted rho {rho:g} to {purpose} of {month}")


@budget.command()
@options.workspace
def verify(workspace: str | None) -> None:
    """Walk the ledger's chain from its first entry to its last."""
    click.echo(f"ok: {Curator(load(workspace)).ledger.verify()} entries, unbroken")

"""``pa budget``: what was spent, who granted more, and whether the ledger is whole."""

from __future__ import annotations

import re

import click

from privacy_analytics import policy
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import options
from privacy_analytics.curator import Curator
from privacy_analytics.dp.charge import Charge
from privacy_analytics.errors import UsageError
from privacy_analytics.signing import named
from privacy_analytics.workspace import load


@click.group()
def budget() -> None:
    """Show, grant and verify privacy loss."""


@budget.command()
@options.workspace
def show(workspace: str | None) -> None:
    """Print what each month has spent, by purpose, in zCDP rho and the δ of thresholds; and all months together."""
    curator = Curator(load(workspace))
    for month, spent in curator.ledger.spent_by_month().items():
        click.echo(f"{month}  {_said(spent)}")
        for purpose, purse in curator.budgets.purses(month).items():
            click.echo(f"  {purpose:<12} spent {_said(purse.spent)} of {_said(purse.allowance)}")
    total, conversion = curator.ledger.lifetime(), curator.settings.loss.delta / 2
    epsilon = curator.budgets.epsilon(total.nano_rho)
    click.echo(f"an account of every month: {_said(total)}; ε {epsilon:.2f} at δ {conversion:g} for the conversion")


@budget.command()
@options.workspace
@click.argument("month")
@click.argument("purpose")
@click.argument("rho", type=float)
@click.option("--delta", type=float, default=0.0, show_default=True, help="δ for thresholds to add as well.")
@click.option("--name", required=True, help="Who grants it.")
@click.option("--reason", required=True, help="Why.")
def grant(workspace: str | None, month: str, purpose: str, rho: float, delta: float, name: str, reason: str) -> None:
    """Add RHO to a PURPOSE of a MONTH; it is written into the ledger for good."""
    if not (0 <= rho <= 1 and 0 <= delta <= 1e-6 and rho + delta > 0):
        raise UsageError("rho is from 0 to 1, δ from 0 to 1e-6, and one of them is above 0.")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError("A month is written like 2026-10.")
    if not (name.strip() and reason.strip()):
        raise UsageError("A grant has a name and a reason. Say who grants it, and why.")
    charge, settings, by = Charge(int(rho * 1e9), int(delta * 1e15)), load(workspace), named(name)
    policy.check_purpose(settings, purpose)
    Curator(settings).ledger.grant(month=month, purpose=purpose, charge=charge, name=by, reason=reason)
    AuditLog(settings).add("grant", by=by, month=month, purpose=purpose, nano_rho=charge.nano_rho)
    click.echo(f"granted {_said(charge)} to {purpose} of {month}")


@budget.command()
@options.workspace
def verify(workspace: str | None) -> None:
    """Walk the ledger's chain from its first entry to its last."""
    click.echo(f"ok: {Curator(load(workspace)).ledger.verify()} entries, unbroken")


def _said(charge: Charge) -> str:
    return f"rho {charge.nano_rho / 1e9:.5f} δ {charge.delta / 1e15:.2g}"

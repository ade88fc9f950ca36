"""``pa policy trace``: clause -> control -> module, and in a checkout the test that proves it."""

from __future__ import annotations

import click

from privacy_analytics import controls
from privacy_analytics.errors import PolicyError, UsageError


@click.command()
@click.option("--write", is_flag=True, help="Make docs/policy.md of the controls and their tests, and run nothing.")
def trace(write: bool) -> None:
    """Prove that every clause of the policy is kept: run the one test of each control, in a checkout.

    Installed there are no tests: it prints clause, control and module.
    """
    known = controls.controls()
    folder = controls.checkout()
    if folder is None:
        if write:
            raise UsageError("There is no checkout here, so no tests and no docs to write. Run it in a clone.")
        _print(known, dict.fromkeys((control.id for control in known), ""))
        return
    tests = controls.matched(known, controls.proofs(folder / "tests"))
    if write:
        (folder / controls.PAGE).write_text(controls.page(known, tests), encoding="utf-8")
        click.echo(f"written    {controls.PAGE}")
        return
    failed = controls.proved(folder, tests)
    _print(known, {each: "NOT PROVED" if each in failed else "proved" for each in tests})
    if failed:
        raise PolicyError(
            f"{len(failed)} control(s) have no passing test: {', '.join(failed)}. Run those tests and mend them; "
            "docs/policy.md says which they are."
        )
    click.echo(f"proved     {len(tests)} controls of §1 to §12")


def _print(known: list[controls.Control], outcome: dict[str, str]) -> None:
    width = max(len(control.id) for control in known)
    for clause, title in controls.titles().items():
        click.echo(f"§{clause} {title}")
        for control in known:
            if control.clause == clause:
                click.echo(
                    f"  {control.id:<{width}}  {outcome[control.id]:<11} {control.module}: {control.says}".rstrip()
                )

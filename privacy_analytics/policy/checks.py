"""What the policy, or the workspace beside it, lacks: said, and never mended here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from privacy_analytics.policy.document import Document, document
from privacy_analytics.policy.versions import in_force
from privacy_analytics.settings import TABLES, Settings

_COMMITMENTS = {
    "deidentified": "no public commitment to keep de-identified data so, and not to try to re-identify it (policy §4). "
    "Cal. Civ. Code 1798.140(m)(2) expects one, in public.",
    "retention": "no retention period and no criteria for one (policy §5). GDPR Art. 13(2)(a) and Cal. Civ. Code "
    "1798.100(a)(3) expect them in the policy.",
    "opt_out_signal": "nothing about opt-out preference signals such as Global Privacy Control (policy §10), which are "
    "counted as an opt-out here. 11 CCR 7025 expects words on it.",
    "sharing": 'a right to opt out of "sale" alone (policy §10). Cal. Civ. Code 1798.120 says sale or sharing.',
}


def lacks(settings: Settings, at: datetime | None = None) -> list[str]:
    """Warnings about the version in force, each a sentence with what expects it. Raises PolicyError as ``document``."""
    made = document(settings, in_force(settings, at).version)
    return [
        *(f"the policy has {what}" for name, what in _COMMITMENTS.items() if not made.commitments[name]),
        *_bases(made),
        *_limits(settings),
        *_recipients(settings, made),
        *_floors(settings, made),
        *_contact(settings),
    ]


def _bases(made: Document) -> Iterator[str]:
    if bare := [name for name, purpose in made.purposes.items() if not purpose.lawful_basis]:
        yield f"no lawful basis is named for {', '.join(bare)} (policy §4). GDPR Art. 6(1) and 13(1)(c) expect one."


def _limits(settings: Settings) -> Iterator[str]:
    for table in TABLES:
        if table not in (*settings.retention, "accounts"):
            yield (
                f"{table}: no limit set (policy §5). GDPR Art. 5(1)(e) and Cal. Civ. Code 1798.100(a)(3) expect a "
                "period."
            )


def _recipients(settings: Settings, made: Document) -> Iterator[str]:
    registered = {each.category for each in settings.recipients}
    bound = [name for name, category in made.recipients.items() if category.under == "contract"]
    if bare := [name for name in bound if name not in registered]:
        yield (
            f"no recipient with a contract is registered as {', '.join(bare)} (policy §6). Where there is one, GDPR "
            "Art. 28(3) and Cal. Civ. Code 1798.100(d) expect a contract: [[recipients]] in workspace.toml."
        )


def _floors(settings: Settings, made: Document) -> Iterator[str]:
    for name in ("inside", "marketing"):
        if getattr(settings.floors, name) < made.audiences[name].floor:
            yield f"floors.{name} in workspace.toml is below the policy's {made.audiences[name].floor}. Raise it."


def _contact(settings: Settings) -> Iterator[str]:
    if settings.contact_email.endswith(("@localhost", ".localhost")):
        yield "contact_email reaches this machine only (policy §12). Set it in workspace.toml before you publish."

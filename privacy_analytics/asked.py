"""What a request to the curator asks: questions by name, the months that they are charged to, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import TopKeys
from privacy_analytics.drawing import Blocks
from privacy_analytics.errors import UsageError


def asked(request: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The questions of a plan by name. Raises UsageError for what is none."""
    blocks = request.get("blocks") or {"answer": request.get("question") or {}}
    if not isinstance(blocks, Mapping) or not all(isinstance(each, Mapping) for each in blocks.values()):
        raise UsageError("A plan is a question, or questions by name, as the values of their canonical form.")
    return blocks


def charged(blocks: Blocks, month: str) -> tuple[str, ...]:
    """The months that a plan is charged to. Raises UsageError where its blocks differ in that."""
    spans = {grain.months for grains in blocks.values() for grain in grains}
    if len(spans) > 1:
        raise UsageError("A question that spans months is charged to each of them. Plan it by itself.")
    return next(iter(spans)) or (month,)


def expected(request: Mapping[str, Any]) -> dict[str, float]:
    """About which part of the accounts some blocks are about. Raises UsageError for what is no part."""
    parts = request.get("expect") or {}
    if not isinstance(parts, Mapping) or not all(
        isinstance(part, int | float) and not isinstance(part, bool) and 0 < part <= 1 for part in parts.values()
    ):
        raise UsageError("expect says of blocks by name which part of the accounts they are about, above 0 up to 1.")
    return {str(name): float(part) for name, part in parts.items()}


def taken(request: Mapping[str, Any], left: Charge) -> Charge:
    """What a request takes of what is left; of δ nothing unless it looks for keys. Raises UsageError for no part."""
    share = request.get("share")
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise UsageError("share is a part of what the purpose has left: above 0, at most 1.")
    discovering = any(each.get("kind") == TopKeys.kind for each in asked(request).values())
    return Charge(int(share * left.nano_rho), int(share * left.delta) if discovering else 0)

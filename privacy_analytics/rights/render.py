"""A bundle in plain words: Markdown to be read without any tool, in which what was said stays a quotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MASKED = (
    "Names, e-mail and postal addresses and the like were masked before these texts were stored here: a word such as "
    "<PERSON_1> stands where one was."
)
CHATS = "Your conversations with the assistant: what was said on both sides, typed or spoken"
_ABOUT = {
    "account.json": "What is known of your account, what was decided about it, and how many of your rows were refused",
    "account.md": "The same, to be read",
    "chats.json": f"{CHATS}, and the themes that were derived from each",
    "chats.md": "The same, to be read",
    "support.json": "Your tickets with our support team",
    "telemetry.json": "Your use: events, sessions (derived from events), projects, performance and crashes",
}


def readme(manifest: Mapping[str, Any]) -> str:
    """The first file to open: what is in the bundle, what is not, and whom to ask."""
    made = f"It was made on {manifest['made']} under version {manifest['policy']} of the privacy policy (§8)."
    lines = [
        f"# Your data in {manifest['product']}",
        "",
        f"This answers the request {manifest['request']}. {made} Times are in UTC (ISO 8601). {MASKED}",
        "",
        "| file | what is in it | how much |",
        "|---|---|---|",
    ]
    for name, file in manifest["files"].items():
        counted = ", ".join(f"{number} {what}" for what, number in file["counts"].items())
        lines.append(f"| {name} | {_about(name)} | {counted} |")
    lines += ["", "Not in it:", "", *(f"- {each}" for each in manifest["not_in_it"]), ""]
    lines += [f"Questions, corrections and deletion: {manifest['contact']}", ""]
    return "\n".join(lines)


def chats(conversations: Sequence[Mapping[str, Any]]) -> str:
    """Conversations to be read, oldest first."""
    lines = ["# Your conversations", "", MASKED, ""]
    for each in conversations:
        about = ", ".join(str(each[name]) for name in ("topic", "ended_at") if name in each)
        lines += [f"## {each.get('started_at', 'Time not known')}", ""]
        if about:
            lines += [about, ""]
        if each["themes"]:
            lines += ["Themes: " + ", ".join(theme["theme"] for theme in each["themes"]), ""]
        for turn in each["messages"]:
            lines += [f"**{_speaker(turn)}**", "", *_quoted(turn.get("content", "")), ""]
    return "\n".join(lines)


def account(about: Mapping[str, Any]) -> str:
    """What is known of an account, as a list."""
    lines = ["# Your account", ""]
    lines += [f"- {name}: {value}" for name, value in about["now"].items()] or ["- nothing is known of it"]
    lines += [f"- before: {', '.join(f'{n}: {v}' for n, v in row.items())}" for row in about["earlier"]]
    lines += [
        f"- {mark['mark']}: {'yes' if mark['is_set'] else 'no'}" + (f", since {mark['at']}" if "at" in mark else "")
        for mark in about["marks"]
    ]
    if about["held"]:
        lines.append("- held back: no export said yet that you are 18 or older, so you are in no statistic")
    lines.append(
        f"- e-mail, user name and name: not stored; keyed hashes of {about['identifiers']} of them are, to find you by "
        "and to mask your texts"
    )
    lines += [f"- refused: {each['rows']} row(s) of {each['table']} ({each['rule']})" for each in about["refused"]]
    lines += [f"- request: {each}" for each in about["requests"]]
    return "\n".join([*lines, ""])


def _about(name: str) -> str:
    folder, _, file = name.rpartition("/")
    if folder == "product":
        return "Your own rows as the product exported them, in the clear"
    return _ABOUT[file]


def _speaker(turn: Mapping[str, Any]) -> str:
    who = {"user": "You", "assistant": "The assistant"}.get(turn.get("role", ""), "Somebody")
    spoken = ", by voice" if turn.get("channel") == "voice" else ""
    seconds = f" ({turn['voice_seconds']} s)" if "voice_seconds" in turn else ""
    at = f", {turn['sent_at']}" if "sent_at" in turn else ""
    return f"{who}{spoken}{seconds}{at}"


def _quoted(text: str) -> list[str]:
    """Markdown inside a quotation is shown as it was typed."""
    return [f">     {line}" for line in text.splitlines() or [""]]

"""Letters to people, drafted for the officer to send: Markdown, without anything that tells who it is about."""

from __future__ import annotations

from datetime import date
from typing import Literal

from privacy_analytics.rights.clocks import answer_by
from privacy_analytics.rights.requests import Request
from privacy_analytics.settings import Settings

Letter = Literal["acknowledged", "extended", "deferred", "done", "unknown"]
REASONS = {
    "complexity": "what you asked for is complex",
    "number_of_requests": "of the number of requests that we received",
    "verification": "we could not yet make sure that the request is yours",
}
"""Why an answer may take longer (Cal. Civ. Code 1798.130(a)(2)(A)), with the words of the letter."""

ASKED = {
    "access": "to see the personal information that we hold about you",
    "export": "for a copy of your chat history",
    "correct": "to correct your personal information",
    "close": "to close your account",
    "erase": "to delete your account and all associated data",
    "opt-out": "not to sell or share your personal information",
    "opt-in": "to lift your opt-out from the sale and sharing of your personal information",
    "limit": "to limit the use of your sensitive personal information",
    "unlimit": "to lift the limit on the use of your sensitive personal information",
}
"""What people ask for, in the words of a letter; of holds they are told nothing."""
_DONE = {
    "access": "You find what we hold about you in the files that we send with this letter.",
    "export": "You find your chat history in the files that we send with this letter.",
    "correct": "It is corrected, and so is everything that we had derived from it.",
    "close": "Your account is closed, and our analytics no longer know your e-mail address, user name and name. "
    "Chats and usage data stay there under a code that stands for no name (privacy policy §5). If you want them "
    "deleted, too, tell us: that is another request (§8).",
    "erase": "All of it is deleted from our analytics, and a later copy of it will not be taken in. Statistics that "
    "were published before stay: they are aggregate and say nothing noticeable about any one person (Cal. Civ. Code "
    "1798.140(b)). We keep a record that this request was answered, as the law asks (Cal. Code Regs. tit. 11 §7101), "
    "and a keyed code that keeps your data from coming back; neither tells who you are.",
    "opt-out": "It is done: from now on nothing of yours counts in anything that we make for marketing or for others.",
    "opt-in": "It is done.",
    "limit": "It is done: from now on your chats are used for no themes and no phrases.",
    "unlimit": "It is done.",
}
_BODIES: dict[Letter, str] = {
    "acknowledged": "On {received} you asked us {asked}. We have received it and are working on it. If we need to make "
    "sure that the request is yours, we will ask you. You will have our answer by {answer_by}.",
    "extended": "On {received} you asked us {asked}. We need more time, because {reason}. You will have our answer by "
    "{answer_by}: at most 90 days after we received your request (Cal. Code Regs. tit. 11 §7021(b)).",
    "deferred": "On {received} you asked us {asked}. We may not do so now, because the law obliges us to keep what is "
    "there (Cal. Civ. Code 1798.105(d)(8)). Until that ends it is used for nothing else and is left out of all new "
    "statistics. Then we will do it without another request from you, and write to you again.",
    "done": "On {received} you asked us {asked}. {done}",
    "unknown": "We found no account under what you wrote to us, so there is nothing that we could do. If you have "
    "an account, please write from its e-mail address, or name the address or user name that you use.",
}


def draft(request: Request | None, kind: Letter, settings: Settings, today: date, *, reason: str = "") -> str:
    """A letter in Markdown.

    Parameters
    ----------
    request : of a kind in ``ASKED``; None for the kind ``unknown`` alone: who is not found makes no request
    reason : for ``extended``: one of ``REASONS``
    """
    said: dict[str, str] = {}
    subject = "Your request"
    if request is not None:
        subject = f"Your request {request.id}"
        by = answer_by(request, settings.holidays)
        said = {
            "received": request.received.isoformat(),
            "asked": ASKED[request.kind],
            "answer_by": by.isoformat() if by else "",
            "reason": REASONS.get(reason, ""),
            "done": _DONE[request.kind],
        }
    return (
        f"# {subject}\n\n{today.isoformat()}\n\nDear …,\n\n{_BODIES[kind].format(**said)}\n\n"
        f"You can write to us at {settings.contact_email}.\n\nThe privacy officer of {settings.product}\n"
    )

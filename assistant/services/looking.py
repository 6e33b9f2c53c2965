"""What the assistant looks at: the page beside it, or, while something is open, what that was opened on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant.models import Conversation
from assistant.services import pages, proposals
from assistant.services.pages import PageContext
from assistant.skills import SKILLS
from portal.core.scope import Scope


def context_of(scope: Scope, conversation: Conversation | None, *, page: str, as_of: datetime) -> PageContext:
    """The context of the next question on `page`. While a request or a question is open it stays what it was, and says
    so (`pinned`); a line of the cart that the talk is about stays in view while the page is that cart."""
    if conversation is not None and _is_open(scope, conversation, as_of):
        return replace(_kept(scope, conversation, as_of), pinned=True)
    if not page:
        return pages.NOWHERE
    context = pages.look_at(scope, path=page, as_of=as_of)
    kept = conversation.context if conversation else {}
    return _kept(scope, conversation, as_of) if conversation and _same_cart(context, kept) else context


def _is_open(scope: Scope, conversation: Conversation, as_of: datetime) -> bool:
    """A request that would change something, or a question about what was in view. A question that was asked on a page
    without a record is about nothing yet, so the next page may answer it."""
    if proposals.is_waiting(scope, conversation=conversation, as_of=as_of):
        return True
    state = conversation.state
    skill = SKILLS.get(state.get("skill", "")) if state.get("asking") else None
    return skill is not None and (skill.confirm or bool(conversation.context.get("slots")))


def _kept(scope: Scope, conversation: Conversation, as_of: datetime) -> PageContext:
    """Read again, in scope: what was in view may be gone."""
    kept = conversation.context
    context = pages.look_at(scope, path=kept.get("path", ""), as_of=as_of)
    if not _same_cart(context, kept):
        return context
    number = PageContext(slots=kept["slots"]).line
    return pages.with_line(scope, context, number=number, as_of=as_of)


def _same_cart(context: PageContext, kept: dict[str, Any]) -> bool:
    return context.kind == "cart" and kept.get("path") == context.path and "cart_line" in kept.get("slots", {})

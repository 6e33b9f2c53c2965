"""What the panel and the full page draw: the thread, the context line, and what can be asked here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistant.models import Conversation, Turn
from assistant.services import conversations, pages, present, progress, proposals, zero
from assistant.services.looking import context_of
from assistant.services.pages import PageContext
from assistant.services.zero import FAMILIES, ZeroPrompt
from portal.core.scope import Scope

ORIGINS = {"page": "Filled in from this page", "cart": "From the cart", "suggested": "Suggested by the assistant"}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Everything that the template needs. `key` makes the next question count once."""

    key: str
    page: str
    looking_at: PageContext
    conversation: Conversation | None = None
    turns: list[dict[str, Any]] = field(default_factory=list)
    zero: list[ZeroPrompt] = field(default_factory=list)
    chips: tuple[tuple[str, str], ...] = FAMILIES
    asks_new: bool = False  # a request waits for approval, and a new conversation would end it

    @property
    def placeholder(self) -> str:
        words = {
            "cart": "Ask about this cart",
            "customer": "Ask about this customer",
            "subscription": "Ask about this subscription",
            "order": "Ask about this order",
        }
        return words.get(self.looking_at.kind, "Ask, or paste an ID")


def build(
    scope: Scope,
    *,
    conversation_id: str,
    page: str,
    look_away: bool,
    may_start_over: bool = True,
    asks_new: bool = False,
    problems: Mapping[str, Any] | None = None,
    as_of: datetime,
) -> Panel:
    """The panel for a page. A conversation that is not there (any more) is an empty one. `problems` holds, by card,
    the errors and values of a form that was just sent.

    Raises ConversationNotFound only when `may_start_over` is false.
    """
    conversation = _conversation(scope, conversation_id, may_start_over)
    context = pages.NOWHERE if look_away else context_of(scope, conversation, page=page, as_of=as_of)
    rows = conversations.turns(scope, conversation=conversation) if conversation else []
    shown = [present.turn(row, ORIGINS, problems) for row in rows]
    progress.bring_up_to_date(scope, shown)
    for row in shown:
        row["is_last"] = row is shown[-1]
    cards = [] if rows else zero.prompts(scope, context, as_of=as_of)
    waits = bool(asks_new and conversation and proposals.is_waiting(scope, conversation=conversation, as_of=as_of))
    return Panel(
        key=str(uuid.uuid4()), page=page, looking_at=context, conversation=conversation, turns=shown, zero=cards,
        asks_new=waits,
    )  # fmt: skip


def _conversation(scope: Scope, conversation_id: str, may_start_over: bool) -> Conversation | None:
    if not conversation_id:
        return None
    try:
        found = conversations.get(scope, conversation_id=uuid.UUID(conversation_id))
    except (conversations.ConversationNotFound, ValueError):
        if may_start_over:
            return None
        raise conversations.ConversationNotFound from None
    return found


def turn_of(turn: Turn, problems: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One answer as the template draws it."""
    return present.turn(turn, ORIGINS, problems) | {"is_last": True}

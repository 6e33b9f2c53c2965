"""What the panel and the full page draw: the thread, the context line, and what can be asked here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistant.models import Conversation, Turn
from assistant.services import conversations, pages, present, progress
from assistant.services.pages import PageContext
from assistant.skills import SKILLS
from customers.services import partner_of_record, renewal_outlook
from portal.core.access import can
from portal.core.scope import Scope

ORIGINS = {"page": "Filled in from this page", "cart": "From the cart", "suggested": "Suggested by the assistant"}
FAMILIES = (
    ("Price of a product for a customer", "What is the current price of a product for a customer?"),
    ("Promotion for a product", "Is a product eligible for promotion for a customer?"),
    ("Other terms with a promotion", "Which other terms or billing cycles have a promotion?"),
    ("List a customer's subscriptions", "Get the list of subscriptions for a customer."),
)


@dataclass(frozen=True, kw_only=True)
class ZeroPrompt:
    """A card before the first question. It sends `prompt`."""

    icon: str
    title: str
    about: str
    prompt: str


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

    @property
    def placeholder(self) -> str:
        words = {
            "cart": "Ask about this cart",
            "customer": "Ask about this customer",
            "subscription": "Ask about this subscription",
        }
        return words.get(self.looking_at.kind, "Ask, or paste an ID")


def build(
    scope: Scope,
    *,
    conversation_id: str,
    page: str,
    look_away: bool,
    may_start_over: bool = True,
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
    zero = [] if rows else zero_prompts(scope, context, as_of=as_of)
    return Panel(
        key=str(uuid.uuid4()), page=page, looking_at=context, conversation=conversation, turns=shown, zero=zero
    )


def context_of(scope: Scope, conversation: Conversation | None, *, page: str, as_of: datetime) -> PageContext:
    """What the page shows; a line of the cart that the talk is about stays pinned while the page is that cart."""
    if not page:
        return pages.NOWHERE
    context = pages.look_at(scope, path=page, as_of=as_of)
    kept = conversation.context if conversation else {}
    if context.kind == "cart" and kept.get("path") == context.path and "cart_line" in kept.get("slots", {}):
        # Read again, because the line may be gone.
        number = kept["slots"]["cart_line"]["key"].rpartition(":")[2]
        return pages.with_line(scope, context, number=int(number), as_of=as_of)
    return context


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


def zero_prompts(scope: Scope, context: PageContext, *, as_of: datetime) -> list[ZeroPrompt]:
    """At most four, those that the page asks for first."""
    found = [*_for_page(scope, context)]
    if can(scope, SKILLS["est_report"].capability) and len(found) < 4:
        found.append(_est_prompt(scope, as_of))
    return found[:4]


def _for_page(scope: Scope, context: PageContext) -> list[ZeroPrompt]:
    customer = context.slots.get("customer", {}).get("label", "")
    found: list[ZeroPrompt] = []
    bare = context.counts.get("bare", 0)
    if context.kind == "cart" and bare:
        lines = "1 line has none" if bare == 1 else f"{bare} lines have none"
        found.append(
            ZeroPrompt(
                icon="tag-20",
                title="Find out why there is no promotion",
                about=f"{lines}, {context.counts['lines']} in all",
                prompt="Why is there no promotion in this cart?",
            )
        )
    if customer:
        count = context.counts.get("subscriptions")
        about = "All of them, with licenses and end of term" if count is None else f"{count} in all"
        found.append(
            ZeroPrompt(
                icon="box_multiple-20",
                title="List the subscriptions",
                about=f"{customer}: {about}" if count is not None else about,
                prompt=f"Get the list of subscriptions for customer “{customer}”.",
            )
        )
    if customer and context.kind == "customer" and partner_of_record.is_for(scope):
        found.append(
            ZeroPrompt(
                icon="shield_checkmark-20",
                title="Validate partner of record",
                about="Which entries need a fix, and why",
                prompt=f"Validate partner of record for customer “{customer}”.",
            )
        )
    if customer:
        found.append(
            ZeroPrompt(
                icon="money-20",
                title="Look up a price",
                about=f"For {customer}, from the price list",
                prompt=f"What is the current price of a product for customer “{customer}”?",
            )
        )
    return found


def _est_prompt(scope: Scope, as_of: datetime) -> ZeroPrompt:
    count = renewal_outlook.outlook(scope, as_of=as_of).est_90.count
    many = "1 subscription goes" if count == 1 else f"{count:,} subscriptions go"
    return ZeroPrompt(
        icon="calendar_clock-20",
        title="Extended service term report",
        about=f"{many} to EST within 90 days" if count else "Subscriptions that go to EST at term end",
        prompt=SKILLS["est_report"].prompt,
    )


def turn_of(turn: Turn, problems: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One answer as the template draws it."""
    return present.turn(turn, ORIGINS, problems) | {"is_last": True}

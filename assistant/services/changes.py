"""The one press under an answer: change the cart line as the answer proposed."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Max

from assistant.models import Conversation, Turn
from assistant.services import conversations
from assistant.skill import ANSWERED, ERROR, Answer, Link
from customers.services import cart as carts
from portal.core import audit
from portal.core.access import require
from portal.core.jobs import writes
from portal.core.scope import Scope


@writes
def change_line(scope: Scope, *, conversation_id: uuid.UUID, number: int, as_of: datetime) -> Turn:
    """Do what the card of turn `number` offers and say what happened. Pressed again: the first result.

    What is done comes from the stored card, never from the request. Raises ConversationNotFound, PermissionDenied.
    """
    require(scope, "sell")
    conversation = (
        conversations.mine(scope).select_for_update(of=("self",)).filter(conversation_id=conversation_id).first()
    )
    if conversation is None:
        raise conversations.ConversationNotFound
    offered, card = _offer(scope, conversation, number)
    if card.get("done"):
        return Turn.objects.within(scope).get(conversation=conversation, number=card["done"])
    answer = _change(scope, card, as_of)
    last = Turn.objects.within(scope).filter(conversation=conversation).aggregate(last=Max("number"))["last"] or 0
    result = Turn.objects.create(
        conversation=conversation,
        number=last + 1,
        speaker=Turn.Speaker.ASSISTANT,
        text=answer.plain(),
        skill="find_out_why",
        status=answer.status,
        answer=answer.as_json(),
        created_at=as_of,
    )
    if answer.status == ANSWERED:
        card["done"] = result.number
        offered.save(update_fields=["answer"])
    conversation.modified_at = as_of
    conversation.save(update_fields=["modified_at"])
    audit.record(scope, "assistant.acted", conversation, as_of=as_of, after={"turn": number, "status": answer.status})
    return result


@writes
def keep_line(scope: Scope, *, conversation_id: uuid.UUID, number: int, as_of: datetime) -> Turn:
    """The person leaves the line as it is: the offer is closed, the cart untouched.

    Raises ConversationNotFound, PermissionDenied."""
    require(scope, "sell")
    conversation = conversations.get(scope, conversation_id=conversation_id)
    offered, card = _offer(scope, conversation, number)
    if not card.get("done"):
        card["kept"] = True
        offered.save(update_fields=["answer"])
        audit.record(scope, "assistant.acted", conversation, as_of=as_of, after={"turn": number, "kept": True})
    return offered


def _offer(scope: Scope, conversation: Conversation, number: int) -> tuple[Turn, dict[str, Any]]:
    """The turn and its card, which is part of the turn's answer."""
    turn = Turn.objects.within(scope).filter(conversation=conversation, number=number).first()
    cards = turn.answer.get("cards", []) if turn else []
    card = next((card for card in cards if card.get("kind") == "change_line"), None)
    if turn is None or card is None:
        raise conversations.ConversationNotFound
    return turn, card


def _change(scope: Scope, card: dict[str, Any], as_of: datetime) -> Answer:
    line = f"Line {card['number']}"
    page = Link(label="Open the cart", to="customers:cart", args={"cart_id": card["cart_id"]})
    try:
        carts.change_line(
            scope,
            cart_id=uuid.UUID(card["cart_id"]),
            number=card["number"],
            version=card["version"],
            term_duration=card["term_duration"],
            billing_cycle=card["billing_cycle"],
            quantity=card["quantity"],
            as_of=as_of,
        )
    except carts.CartChanged as changed:
        again = (f"Why is there no promotion on line {card['number']}?",)
        return Answer(lead="Nothing was changed.", body=str(changed), status=ERROR, chips=again, links=(page,))
    except (carts.CartClosed, carts.CartNotFound, carts.LineRefused) as refused:
        return Answer(lead="Nothing was changed.", body=str(refused), status=ERROR, links=(page,))
    what = card["title"].removeprefix(f"Change line {card['number']} to ").rstrip("?")
    return Answer(
        lead=f"{line} is changed to {what}.",
        body=f"It gets {card['promotion']}, {card['discount']}: {card['after']} per month.",
        links=(page,),
    )

"""Reports that the panel asked for, as they stand now: the answer keeps how they stood when it was given."""

from __future__ import annotations

import uuid
from typing import Any

from assistant.services import conversations, present
from downloads import services as downloads
from portal.core.scope import Scope


def report_of(scope: Scope, *, conversation_id: uuid.UUID, number: int) -> dict[str, Any]:
    """The report card of an answer, as its request stands now. Raises ConversationNotFound."""
    turn = conversations.get_turn(scope, conversation_id=conversation_id, number=number)
    card = next((card for card in turn.answer.get("cards", ()) if card.get("kind") == "report"), None)
    if card is None:
        raise conversations.ConversationNotFound
    return present.report(_now(scope, card))


def bring_up_to_date(scope: Scope, shown: list[dict[str, Any]]) -> None:
    """The cards of drawn turns whose report was still under way. One query for each of these, which are few."""
    for turn in shown:
        cards = turn["answer"].get("cards", [])
        for at, card in enumerate(cards):
            if card["kind"] == "report" and card.get("running"):
                cards[at] = present.report(_now(scope, card))


def _now(scope: Scope, card: dict[str, Any]) -> dict[str, Any]:
    stands = downloads.standing(scope, request_id=card["request"]) if "request" in card else None
    return card | (stands or {"running": False, "file": ""})

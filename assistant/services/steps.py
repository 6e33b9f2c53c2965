"""The forms of a request about duplicates: check, approve, contact, check again, reduce instead.

Each step is one transaction with the conversation locked. What is done comes from the stored proposal, never from the
form. The same submission again, and a step that is over, show the first result.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from assistant.engine.dialogue import Picked
from assistant.models import Conversation, Proposal, Turn
from assistant.services import conversations, flow, proposals
from assistant.services.conversations import Exchange
from assistant.services.proposals import Mistyped
from assistant.skill import Answer
from assistant.skills.duplicates import CANCEL_DUPLICATE, REDUCE_DUPLICATE
from portal.core import audit
from portal.core.access import require
from portal.core.jobs import writes
from portal.core.scope import Scope

KEPT = 20  # submissions remembered for each proposal
State = Proposal.State


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a form led to: a new turn, or `errors` by field. `cards` are the turns that show it, drawn again."""

    conversation: Conversation
    turn: Turn | None
    errors: dict[str, str] = field(default_factory=dict)
    cards: tuple[Turn, ...] = ()


@writes
def approve(
    scope: Scope, *, conversation_id: uuid.UUID, proposal_id: uuid.UUID, typed: str, key: str, as_of: datetime
) -> Step:
    """Raises ConversationNotFound, also for a colleague's; PermissionDenied."""
    return _step(
        scope, conversation_id, proposal_id, key, as_of, "approve",
        lambda proposal: proposals.approve(scope, proposal, typed=typed, as_of=as_of),
    )  # fmt: skip


@writes
def contact(
    scope: Scope,
    *,
    conversation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    email: str,
    phone: str,
    key: str,
    as_of: datetime,
) -> Step:
    """Raises ConversationNotFound, also for a colleague's; PermissionDenied."""
    return _step(
        scope, conversation_id, proposal_id, key, as_of, "contact",
        lambda proposal: proposals.send(scope, proposal, email=email, phone=phone, as_of=as_of),
    )  # fmt: skip


def check(
    scope: Scope,
    *,
    conversation_id: uuid.UUID,
    number: int,
    keys: Sequence[str],
    reduce: bool,
    quantity: str,
    key: uuid.UUID | None,
    as_of: datetime,
) -> Exchange | Step:
    """The choice card is sent. A card that was answered before stays as it is. Raises ConversationNotFound."""
    require(scope, "sell")
    turn = conversations.get_turn(scope, conversation_id=conversation_id, number=number)
    card = next((card for card in turn.answer.get("cards", ()) if card["kind"] == "choose_duplicates"), None)
    if card is None:
        raise conversations.ConversationNotFound
    chosen = [row for row in card["rows"] if row["id"] in keys]
    errors = _mistakes(chosen, reduce=reduce, quantity=quantity)
    is_open = turn.conversation.state.get("card") == number
    if is_open and errors:
        return Step(conversation=turn.conversation, turn=None, errors=errors, cards=(turn,))
    if not is_open and not _was_sent(scope, turn.conversation, key):
        return Step(conversation=turn.conversation, turn=None, cards=(turn,))
    skill = REDUCE_DUPLICATE if reduce else CANCEL_DUPLICATE
    what = f"{quantity} licenses" if reduce else "Cancel"
    return conversations.handle(
        scope,
        text=f"{', '.join(row['name'] for row in chosen)[:1000]}. {what}.",
        as_of=as_of,
        conversation_id=conversation_id,
        page=None,
        picked=Picked(skill=skill.key, keys=tuple(row["id"] for row in chosen), quantity=quantity if reduce else ""),
        submission_key=key,
    )


def _mistakes(chosen: list[Any], *, reduce: bool, quantity: str) -> dict[str, str]:
    errors = {}
    if not chosen:
        errors["subscriptions"] = "Choose at least one subscription."
    if reduce and not (quantity.isascii() and quantity.isdigit() and len(quantity) < 8 and int(quantity) > 0):
        errors["quantity"] = "Enter how many licenses stay, 1 or more."
    return errors


def _was_sent(scope: Scope, conversation: Conversation, key: uuid.UUID | None) -> bool:
    sent = Turn.objects.within(scope).filter(conversation=conversation, submission_key=key)
    return key is not None and sent.exists()


def again(
    scope: Scope, *, conversation_id: uuid.UUID, proposal_id: uuid.UUID, key: uuid.UUID | None, as_of: datetime
) -> Exchange:
    """Check the same request once more, from what the database says now. Raises ConversationNotFound."""
    proposal = _get(scope, conversation_id, proposal_id)
    return _start(scope, proposal, "Check again.", flow.skill_of(proposal), flow.slots_of(proposal), key, as_of)


def instead(
    scope: Scope, *, conversation_id: uuid.UUID, proposal_id: uuid.UUID, key: uuid.UUID | None, as_of: datetime
) -> Exchange:
    """Fewer licenses instead of canceling: asks how many stay. Raises ConversationNotFound."""
    proposal = _get(scope, conversation_id, proposal_id)
    slots = flow.slots_of(proposal)
    slots.pop("quantity", None)
    return _start(scope, proposal, "Reduce the licenses instead.", REDUCE_DUPLICATE.key, slots, key, as_of)


def _start(
    scope: Scope,
    proposal: Proposal,
    text: str,
    skill: str,
    slots: dict[str, Any],
    key: uuid.UUID | None,
    as_of: datetime,
) -> Exchange:
    require(scope, "sell")
    return conversations.handle(
        scope,
        text=text,
        as_of=as_of,
        conversation_id=proposal.conversation.conversation_id,
        page=None,
        opens=skill,
        given=slots,
        submission_key=key,
    )


def cards_of(scope: Scope, *, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> tuple[Turn, ...]:
    """The turns that show a form of a proposal, as it stands now. Raises ConversationNotFound."""
    proposal = _get(scope, conversation_id, proposal_id)
    return _cards(scope, proposal.conversation, proposal)


def _get(scope: Scope, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> Proposal:
    conversation = conversations.get(scope, conversation_id=conversation_id)
    found: Proposal | None = proposals.of(scope, conversation).filter(proposal_id=proposal_id).first()
    if found is None:
        raise conversations.ConversationNotFound
    return found


def _step(
    scope: Scope,
    conversation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    key: str,
    as_of: datetime,
    name: str,
    act: Callable[[Proposal], Answer | Mistyped],
) -> Step:
    require(scope, "sell")
    mine = conversations.mine(scope).select_for_update(of=("self",))
    conversation = mine.filter(conversation_id=conversation_id).first()
    if conversation is None:
        raise conversations.ConversationNotFound
    proposal = proposals.of(scope, conversation).filter(proposal_id=proposal_id).first()
    if proposal is None:
        raise conversations.ConversationNotFound
    done = proposal.steps.get(name) or proposal.steps.get(key)
    if done is not None:
        first = Turn.objects.within(scope).filter(conversation=conversation, number=done.get("turn", 0)).first()
        errors = done.get("errors", {})
        return Step(conversation=conversation, turn=first, errors=errors, cards=_cards(scope, conversation, proposal))
    before = proposal.state
    outcome = act(proposal)
    turn = None
    if isinstance(outcome, Mistyped):
        entry: dict[str, Any] = {"errors": outcome.errors}
    else:
        turn = _say(scope, conversation, outcome, flow.skill_of(proposal), as_of)
        entry = {"turn": turn.number}
    forward = (name, before) in {("approve", State.ELIGIBLE), ("contact", State.CONTACT)}
    if turn is not None and forward and proposal.state in {State.CONTACT, State.TICKET} - {before}:
        proposal.steps[name] = entry
    proposal.steps[key] = entry
    kept = list(proposal.steps.items())
    proposal.steps = dict([each for each in kept if each[0] in {"approve", "contact"}] + kept[-KEPT:])
    proposal.save(update_fields=["steps"])
    return Step(
        conversation=conversation,
        turn=turn,
        errors=outcome.errors if isinstance(outcome, Mistyped) else {},
        cards=_cards(scope, conversation, proposal),
    )


def _say(scope: Scope, conversation: Conversation, answer: Answer, skill: str, as_of: datetime) -> Turn:
    """A turn of the assistant that answers a form."""
    last = Turn.objects.within(scope).filter(conversation=conversation).aggregate(last=Max("number"))["last"] or 0
    turn: Turn = Turn.objects.create(
        conversation=conversation,
        number=last + 1,
        speaker=Turn.Speaker.ASSISTANT,
        text=answer.plain(),
        skill=skill,
        status=answer.status,
        answer=answer.as_json(),
        created_at=as_of,
    )
    conversation.modified_at = as_of
    conversation.save(update_fields=["modified_at"])
    after = {"skill": skill, "status": answer.status, "turn": turn.number}
    audit.record(scope, "assistant.acted", conversation, as_of=as_of, after=after)
    return turn


def _cards(scope: Scope, conversation: Conversation, proposal: Proposal) -> tuple[Turn, ...]:
    """The turns that show a form of this proposal, oldest first."""
    wanted = str(proposal.proposal_id)
    rows = Turn.objects.within(scope).filter(conversation=conversation, speaker=Turn.Speaker.ASSISTANT)
    rows = rows.select_related("conversation").prefetch_related("feedback", "conversation__proposals__user")
    shown = [row for row in rows.order_by("-number")[: conversations.TURNS_SHOWN] if _shows(row, wanted)]
    return tuple(shown[::-1])


def _shows(row: Turn, proposal: str) -> bool:
    return any(
        card["kind"] in {"approval", "contact"} and card.get("proposal") == proposal
        for card in row.answer.get("cards", ())
    )

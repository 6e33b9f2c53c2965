"""What a typed sentence does to the request that waits in a conversation: the same steps as its forms, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.engine import flow as engine
from assistant.engine.dialogue import RUN, STOP, Move
from assistant.engine.flow import Brings
from assistant.models import Conversation, Proposal
from assistant.services import proposals
from assistant.services.proposals import Mistyped
from assistant.skill import NEEDS_CONFIRMATION, NEEDS_INPUT, Answer
from assistant.skills.duplicates import CANCEL_DUPLICATE, NOTHING_YET, REDUCE_DUPLICATE
from portal.core.scope import Scope

State = Proposal.State


def hear(proposal: Proposal, sentence: str) -> Brings:
    """What the sentence brings to the step that waits."""
    step = engine.APPROVE if proposal.state == State.ELIGIBLE else engine.CONTACT
    return engine.listen(sentence, step=step)


def skill_of(proposal: Proposal) -> str:
    reduces = all(change["to"] for change in proposal.content["changes"])
    return REDUCE_DUPLICATE.key if reduces else CANCEL_DUPLICATE.key


def slots_of(proposal: Proposal) -> dict[str, Any]:
    """What the request is about, by IDs, for checking it again or otherwise. They are looked up in scope anew."""
    content = proposal.content
    slots: dict[str, Any] = {
        "customer": [content["customer"]],
        "upgraded_subscription": content["upgraded"],
        "subscriptions": [change["subscription"] for change in content["changes"]],
    }
    if skill_of(proposal) == REDUCE_DUPLICATE.key:
        slots["quantity"] = content["changes"][0]["to"]
    return slots


def corrected(proposal: Proposal, brings: Brings) -> tuple[str, dict[str, Any]] | None:
    """The skill and the slots that a correction leads to: cancel after all, or keep some."""
    slots = slots_of(proposal)
    slots.pop("quantity", None)
    if brings.whole or brings.keep == 0:
        return CANCEL_DUPLICATE.key, slots
    if brings.keep is not None:
        return REDUCE_DUPLICATE.key, slots | {"quantity": brings.keep}
    if brings.less is not None:
        return REDUCE_DUPLICATE.key, slots | {"quantity": f"by {brings.less}"}
    return None


def typed(scope: Scope, proposal: Proposal, brings: Brings, as_of: datetime) -> tuple[Answer, Move]:
    """The answer to a sentence that belongs to the open step, and what was understood of it."""
    slots = {
        name: value
        for name, value in (("verification_id", brings.code), ("email", brings.email), ("phone", brings.phone))
        if value
    }
    move = Move(kind=STOP if brings.stop else RUN, skill=skill_of(proposal), slots=slots)
    if brings.stop:
        proposals.drop(scope, proposal.conversation, State.STOPPED, as_of)
        return Answer(lead="Stopped. Nothing was changed."), move
    if brings.either:
        return _either(proposal), move
    if brings.yes and proposal.state == State.ELIGIBLE:
        return _ask_id("To approve, type the verification ID."), move
    if brings.code:
        answer = proposals.approve(scope, proposal, typed=brings.code, as_of=as_of)
        if isinstance(answer, Mistyped):
            return _ask_id(answer.errors["verification_id"]), move
        if proposal.state != State.CONTACT or not (brings.email or brings.phone):
            return answer, move
    return _contact(scope, proposal, brings, as_of), move


def late(scope: Scope, conversation: Conversation, sentence: str, as_of: datetime) -> tuple[Answer, Move] | None:
    """A verification ID, or a contact, for a request that is over: how it stands. None for any other sentence."""
    last = proposals.of(scope, conversation).last()
    if last is None:
        return None
    brings = engine.listen(sentence, step=engine.APPROVE)
    just_expired = last.state == State.EXPIRED and last.closed_at == as_of and (brings.email or brings.phone)
    if not brings.code and not just_expired:
        return None
    return proposals.closed(last), Move(kind=RUN, skill=skill_of(last))


def _contact(scope: Scope, proposal: Proposal, brings: Brings, as_of: datetime) -> Answer:
    """E-mail address and phone number, one after the other or together; "yes" takes the profile's."""
    proposal.contact_email = brings.email[:254] or proposal.contact_email
    proposal.contact_phone = brings.phone[:60] or proposal.contact_phone
    proposal.save(update_fields=["contact_email", "contact_phone"])
    if proposal.state == State.ELIGIBLE:
        return _ask_id("Noted. To approve, type the verification ID.")
    email, phone = proposal.contact_email, proposal.contact_phone
    if brings.yes:
        email, phone = proposals.known_contact(scope, proposal)
    if not email or not phone:
        missing = "And the phone number, with its country code?" if email else "And the e-mail address?"
        return proposals.ask_contact(scope, proposal, lead=missing)
    answer = proposals.send(scope, proposal, email=email, phone=phone, as_of=as_of)
    if not isinstance(answer, Mistyped):
        return answer
    # What is wrong is asked for again; what is right is kept.
    if "email" in answer.errors:
        proposal.contact_email = ""
    if "phone" in answer.errors:
        proposal.contact_phone = ""
    proposal.save(update_fields=["contact_email", "contact_phone"])
    return Answer(
        lead=" ".join(answer.errors.values()),
        body="Nothing was sent.",
        status=NEEDS_INPUT,
        asks_for=tuple(answer.errors),
    )


def _ask_id(lead: str) -> Answer:
    return Answer(lead=lead, body=NOTHING_YET, status=NEEDS_CONFIRMATION, asks_for=("verification_id",))


def _either(proposal: Proposal) -> Answer:
    if proposal.state == State.ELIGIBLE:
        return _ask_id("To cancel the subscription, type the verification ID. To end this request, say stop.")
    return Answer(
        lead="To end this request, say stop. To go on, say how support reaches you.",
        body="Nothing was sent yet.",
        status=NEEDS_INPUT,
        asks_for=("email", "phone"),
    )


def still_open(proposal: Proposal) -> str:
    """The reminder under an answer to something else."""
    if proposal.state == State.ELIGIBLE:
        return f"Still open: approve with the verification ID, or say stop. {NOTHING_YET}"
    return "Still open: the e-mail address and phone number for the ticket, or say stop."

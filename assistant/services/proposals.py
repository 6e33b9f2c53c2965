"""Changes that wait for a person's approval: staged, approved, sent as a ticket. The only way the assistant acts.

The verification ID is derived from a secret of the installation and everything that the proposal is bound to: person,
tenant, conversation and exact content. The database holds its hash only; it can be shown again to its person as long
as the proposal waits. All functions run in the caller's transaction, with the conversation locked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from assistant.engine import verification
from assistant.models import Conversation, Proposal, Turn
from assistant.skill import ANSWERED, ERROR, NEEDS_CONFIRMATION, NEEDS_INPUT, REFUSED, Answer, Link
from assistant.skills import duplicates as cards
from customers.models import Ticket
from customers.services import duplicate_request, tickets
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import audit
from portal.core.access import can, why_not
from portal.core.decision import NotAllowed
from portal.core.models import User
from portal.core.scope import Scope

log = logging.getLogger("portal.assistant")
TRIES = 5
State = Proposal.State
CHANGED = "The subscription changed since the check. Check again."


@dataclass(frozen=True, kw_only=True)
class Mistyped:
    """The step stays open: what is wrong, by field."""

    errors: dict[str, str]


class _Differs(Exception):
    """What the ticket would say is not what was approved."""


def waiting(scope: Scope, *, conversation: Conversation, as_of: datetime) -> Proposal | None:
    """What waits in this conversation, locked with it. One that expired is closed here."""
    found: Proposal | None = of(scope, conversation).filter(state__in=(State.ELIGIBLE, State.CONTACT)).first()
    if found is not None and found.expires_at <= as_of:
        _close(scope, found, State.EXPIRED, as_of)
        return None
    return found


def is_waiting(scope: Scope, *, conversation: Conversation, as_of: datetime) -> bool:
    """Whether something waits, without changing anything."""
    open_ones = of(scope, conversation).filter(state__in=(State.ELIGIBLE, State.CONTACT), expires_at__gt=as_of)
    return bool(open_ones.exists())


def of(scope: Scope, conversation: Conversation) -> Any:
    """The proposals of this person in a conversation that was read in this scope."""
    return Proposal.objects.within(scope).filter(conversation=conversation, user_id=scope.user_id or 0)


def stage(scope: Scope, conversation: Conversation, answer: Answer, as_of: datetime) -> Answer:
    """`answer` with the approval card for what it proposes. What waited before is replaced."""
    drop(scope, conversation, State.REPLACED, as_of)
    content = answer.proposes
    proposal = Proposal(
        proposal_id=uuid.uuid4(),
        partner_id=scope.partner_id or 0,
        user_id=scope.user_id or 0,
        conversation=conversation,
        content=content,
        digest=digest(content),
        created_at=as_of,
        expires_at=as_of + timedelta(minutes=settings.ASSISTANT_PROPOSAL_MINUTES),
    )
    proposal.code_hash = _hash(_derive(proposal), proposal)
    proposal.save()
    after = {"proposal": str(proposal.proposal_id), "changes": content["changes"], "digest": proposal.digest}
    audit.record(scope, "assistant.proposed", conversation, as_of=as_of, after=after)
    card = cards.approval_card(
        content, proposal=str(proposal.proposal_id), until=f"{proposal.expires_at:%H:%M} UTC", tries=TRIES
    )
    return replace(answer, status=NEEDS_CONFIRMATION, cards=(*answer.cards, card))


def drop(scope: Scope, conversation: Conversation, state: str, as_of: datetime) -> bool:
    """Close what waits; whether something did."""
    found = of(scope, conversation).filter(state__in=(State.ELIGIBLE, State.CONTACT)).first()
    if found is not None:
        _close(scope, found, state, as_of)
    return found is not None


def code_of(proposal: Proposal) -> str:
    """The verification ID as it is shown, `KX7-4M2-Q9D`; empty when it no longer counts, or the secret changed."""
    code = _derive(proposal)
    if proposal.state != State.ELIGIBLE or not constant_time_compare(_hash(code, proposal), proposal.code_hash):
        return ""
    return verification.grouped(code)


def text_of(scope: Scope, turn: Turn) -> str:
    """An answer as text. One that asks for the verification ID shows it, which no stored text does."""
    if turn.status != NEEDS_CONFIRMATION:
        return turn.text
    waits = of(scope, turn.conversation).filter(state=State.ELIGIBLE).first()
    code = code_of(waits) if waits else ""
    return f"{turn.text}\nVerification ID: {code}" if code else turn.text


def approve(scope: Scope, proposal: Proposal, *, typed: str, as_of: datetime) -> Answer | Mistyped:
    """The person types the verification ID. Five wrong ones void the proposal."""
    if (refused := _refused(scope)) or (refused := _moved_on(scope, proposal, State.ELIGIBLE, as_of)):
        return refused
    code = verification.plain(typed)
    if not code:
        return Mistyped(errors={"verification_id": "Type the verification ID."})
    # Derived again as well: a proposal whose content was touched in the database cannot be approved.
    right = constant_time_compare(_hash(code, proposal), proposal.code_hash) and constant_time_compare(
        code, _derive(proposal)
    )
    if not right:
        return _wrong(scope, proposal, as_of)
    if changed := _changed(scope, proposal, as_of):
        return changed
    proposal.state, proposal.approved_at = State.CONTACT, as_of
    proposal.save(update_fields=["state", "approved_at"])
    after = {"proposal": str(proposal.proposal_id), "digest": proposal.digest}
    audit.record(scope, "assistant.approved", proposal.conversation, as_of=as_of, after=after)
    return ask_contact(scope, proposal, lead="Approved. Where can support reach you?")


def ask_contact(scope: Scope, proposal: Proposal, *, lead: str, again: bool = False) -> Answer:
    """Asks for what is missing of e-mail address and phone number, with what the profile says."""
    email, phone = known_contact(scope, proposal)
    offer = f"Say yes to use {email} and {phone}." if email and phone else "Say an e-mail address and a phone number."
    approved = f"{proposal.approved_at:%H:%M}" if proposal.approved_at else ""
    missing = [
        name for name, value in (("email", proposal.contact_email), ("phone", proposal.contact_phone)) if not value
    ]
    return Answer(
        lead=lead,
        body=offer,
        status=ERROR if again else NEEDS_INPUT,
        asks_for=tuple(missing or ("email", "phone")),
        cards=(
            cards.contact_card(proposal.content, proposal=str(proposal.proposal_id), approved=approved, again=again),
        ),
    )


def known_contact(scope: Scope, proposal: Proposal) -> tuple[str, str]:
    """What was said in this conversation, else what the profile says."""
    user = User.objects.filter(pk=scope.user_id or 0).first()
    email = proposal.contact_email or (user.email if user else "")
    return email, proposal.contact_phone or (user.phone if user else "")


def send(scope: Scope, proposal: Proposal, *, email: str, phone: str, as_of: datetime) -> Answer | Mistyped:
    """Checks the contact and everything else once more, and makes the ticket. No ticket, no success."""
    if (refused := _refused(scope)) or (refused := _moved_on(scope, proposal, State.CONTACT, as_of)):
        return refused
    proposal.contact_email, proposal.contact_phone = email.strip()[:254], phone.strip()[:60]
    proposal.save(update_fields=["contact_email", "contact_phone"])
    reach = tickets.contact(scope, email=proposal.contact_email, phone=proposal.contact_phone)
    if not reach.allowed:
        return Mistyped(errors={check.code: check.message for check in reach.checks if not check.passed})
    if changed := _changed(scope, proposal, as_of):
        return changed
    try:
        with transaction.atomic():
            ticket = _ticket(scope, proposal, as_of)
            proposal.state, proposal.ticket_id, proposal.closed_at = State.TICKET, ticket.ticket_id, as_of
            proposal.save(update_fields=["state", "ticket_id", "closed_at"])
            after = {"proposal": str(proposal.proposal_id), "ticket": ticket.ticket_id}
            audit.record(scope, "assistant.ticket", proposal.conversation, as_of=as_of, after=after)
    except tickets.AlreadyInTicket as known:
        _restore(proposal)
        _close(scope, proposal, State.CHANGED, as_of)
        link = cards.ticket_link(known.ticket.ticket_id)
        return Answer(lead=cards.NOTHING_CHANGED, body=str(known), status=ERROR, links=(link,))
    except (_Differs, NotAllowed, SubscriptionNotFound):
        _restore(proposal)
        return _say_changed(scope, proposal, as_of)
    except PermissionDenied as denied:
        _restore(proposal)
        return Answer(lead=cards.NOTHING_CHANGED, body=str(denied), status=REFUSED)
    except Exception:  # whatever stood in the way: the person may send again, the log says what it was
        log.exception("No ticket was created for proposal %s.", proposal.proposal_id)
        _restore(proposal)
        return ask_contact(scope, proposal, lead=cards.NOTHING_CHANGED, again=True)
    return _success(ticket, proposal)


def _ticket(scope: Scope, proposal: Proposal, as_of: datetime) -> Ticket:
    content = proposal.content
    ticket = tickets.request_duplicate_change(
        scope,
        upgraded_subscription_id=UUID(content["upgraded"]),
        changes=[
            tickets.Change(subscription_id=UUID(change["subscription"]), to_quantity=change["to"])
            for change in content["changes"]
        ],
        contact_email=proposal.contact_email,
        contact_phone=proposal.contact_phone,
        key=str(proposal.proposal_id),
        as_of=as_of,
        conversation_id=proposal.conversation.conversation_id,
    )
    approved = {change["subscription"]: (change["from"], change["to"]) for change in content["changes"]}
    made = {
        str(action.subscription.subscription_id): (action.from_quantity, action.to_quantity)
        for action in ticket.actions.select_related("subscription")
    }
    if made != approved:
        raise _Differs
    return ticket


def _success(ticket: Ticket, proposal: Proposal) -> Answer:
    changes = proposal.content["changes"]
    many = "the change" if len(changes) == 1 else f"{len(changes)} changes"
    return Answer(
        lead=f"Ticket {ticket.ticket_id} was created.",
        body=f"Staff look at {many} and approve or decline. What is refunded stands in the next invoice.",
        status=ANSWERED,
        cards=(cards.ticket_card(ticket, proposal.content),),
        links=(cards.ticket_link(ticket.ticket_id),),
    )


def _refused(scope: Scope) -> Answer | None:
    """The right to do it, asked at every step."""
    if can(scope, "sell"):
        return None
    return Answer(lead=cards.NOTHING_CHANGED, body=why_not(scope, "sell"), status=REFUSED)


def _moved_on(scope: Scope, proposal: Proposal, wanted: str, as_of: datetime) -> Answer | None:
    """What to say when this step is over already."""
    if proposal.is_open and proposal.expires_at <= as_of:
        _close(scope, proposal, State.EXPIRED, as_of)
    if proposal.state == wanted:
        return None
    return closed(proposal)


def closed(proposal: Proposal) -> Answer:
    """How a proposal that waits for something else, or for nothing, stands."""
    again = (cards.again_card(str(proposal.proposal_id)),)
    if proposal.state == State.TICKET:
        link = cards.ticket_link(proposal.ticket_id)
        return Answer(lead=f"This was sent already, as ticket {proposal.ticket_id}.", status=ANSWERED, links=(link,))
    if proposal.state == State.VOID:
        lead = f"This proposal is void after {TRIES} wrong verification IDs."
        return Answer(lead=lead, body="Nothing changed. Check again for a new one.", status=ERROR, cards=again)
    if proposal.state == State.EXPIRED:
        lead = f"This verification ID expired at {proposal.expires_at:%H:%M} UTC."
        return Answer(lead=lead, body="Nothing changed. Check again for a new one.", status=ERROR, cards=again)
    if proposal.state == State.CHANGED:
        return Answer(lead=CHANGED, body=cards.NOTHING_CHANGED, status=ERROR, cards=again)
    if proposal.state == State.CONTACT:
        return Answer(lead="This is approved already.", body="Say how support reaches you.", status=NEEDS_INPUT)
    if proposal.state == State.ELIGIBLE:
        return Answer(lead="This is not approved yet.", body=cards.NOTHING_YET, status=NEEDS_CONFIRMATION)
    return Answer(lead="This request was ended.", body="Nothing changed.", status=ERROR, cards=again)


def _wrong(scope: Scope, proposal: Proposal, as_of: datetime) -> Answer | Mistyped:
    proposal.wrong_entries += 1
    proposal.save(update_fields=["wrong_entries"])
    left = TRIES - proposal.wrong_entries
    after = {"proposal": str(proposal.proposal_id), "left": left}
    audit.record(scope, "assistant.wrong_id", proposal.conversation, as_of=as_of, after=after)
    if left <= 0:
        _close(scope, proposal, State.VOID, as_of)
        return closed(proposal)
    tries = "1 try is left" if left == 1 else f"{left} tries are left"
    return Mistyped(errors={"verification_id": f"This does not match the verification ID. {tries}."})


def _changed(scope: Scope, proposal: Proposal, as_of: datetime) -> Answer | None:
    """Everything is checked again: is it still allowed, and still exactly what was shown?"""
    try:
        now = duplicate_request.consider(
            scope,
            upgraded_subscription_id=UUID(proposal.content["upgraded"]),
            to_quantities={UUID(c["subscription"]): c["to"] for c in proposal.content["changes"]},
            as_of=as_of,
        )
    except SubscriptionNotFound:
        return _say_changed(scope, proposal, as_of)
    same = all(item.verdict.allowed for item in now.items) and digest(now.content()) == proposal.digest
    return None if same else _say_changed(scope, proposal, as_of)


def _say_changed(scope: Scope, proposal: Proposal, as_of: datetime) -> Answer:
    _close(scope, proposal, State.CHANGED, as_of)
    return closed(proposal)


def _close(scope: Scope, proposal: Proposal, state: str, as_of: datetime) -> None:
    before = proposal.state
    proposal.state, proposal.closed_at = state, as_of
    proposal.save(update_fields=["state", "closed_at"])
    audit.record(
        scope,
        "assistant.proposal_closed",
        proposal.conversation,
        as_of=as_of,
        before={"state": before},
        after={"proposal": str(proposal.proposal_id), "state": state},
    )


def _restore(proposal: Proposal) -> None:
    """As the database has it: what was set before the rollback is gone."""
    proposal.refresh_from_db()


def digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _derive(proposal: Proposal) -> str:
    bound = "/".join(
        str(part)
        for part in (
            proposal.proposal_id,
            proposal.user_id,
            proposal.partner_id,
            proposal.conversation_id,
            digest(proposal.content),
        )
    )
    return verification.from_bytes(salted_hmac("assistant.verification", bound, algorithm="sha256").digest())


def _hash(code: str, proposal: Proposal) -> str:
    bound = f"{proposal.proposal_id}/{code}"
    return salted_hmac("assistant.verification.stored", bound, algorithm="sha256").hexdigest()


def link_of(proposal: Proposal) -> Link:
    """The page of the upgraded subscription."""
    content = proposal.content
    args = {"subscription_id": content["upgraded"]}
    return Link(label=content["upgraded_name"], to="customers:subscription", args=args)

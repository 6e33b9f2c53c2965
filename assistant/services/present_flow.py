"""The cards of a request about duplicates as they stand now: the open one is a form, older ones can only be read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from assistant.models import Proposal, Turn
from assistant.services import proposals
from portal.core.models import User

KINDS = {"choose_duplicates", "eligibility", "approval", "contact", "ticket", "check_again"}
State = Proposal.State
CLOSED = {
    State.VOID: f"Void after {proposals.TRIES} wrong IDs. Nothing changed.",
    State.EXPIRED: "Expired. Nothing changed.",
    State.CHANGED: "The subscription changed since the check. Nothing changed here.",
    State.STOPPED: "Stopped by you. Nothing changed.",
    State.REPLACED: "Replaced by a newer request. Nothing changed.",
}


def shown(card: dict[str, Any], row: Turn, problems: Mapping[str, Any]) -> dict[str, Any]:
    """`card` with what its template needs. `problems` holds, by card, the errors and values of a form just sent."""
    kind = card["kind"]
    card = card | {"key": str(uuid.uuid4())}
    if kind == "choose_duplicates":
        return _choose(card, row, problems.get(f"turn-{row.number}", {}))
    if kind == "eligibility":
        checks = card["checks"]
        first_unmet = sorted(checks, key=lambda check: bool(check["passed"]))
        return card | {"sorted": first_unmet, "met": sum(check["passed"] for check in checks)}
    if kind not in {"approval", "contact"}:
        return card
    proposal = next((p for p in row.conversation.proposals.all() if str(p.proposal_id) == card["proposal"]), None)
    if proposal is None:
        return card | {"open": False, "closed": "Closed."}
    sent = problems.get(card["proposal"], {})
    errors = {"errors": sent.get("errors", {})}
    return card | errors | (_approval(proposal, sent) if kind == "approval" else _contact(proposal, row, sent))


def _choose(card: dict[str, Any], row: Turn, sent: Mapping[str, Any]) -> dict[str, Any]:
    chosen = sent.get("keys", ())
    return card | {
        "open": row.conversation.state.get("card") == row.number,
        "errors": sent.get("errors", {}),
        "quantity": sent.get("quantity", ""),
        "reduce": sent["reduce"] if "reduce" in sent else card["reduce"],
        "rows": [line | {"checked": line["id"] in chosen} for line in card["rows"]],
    }


def _approval(proposal: Proposal, sent: Mapping[str, Any]) -> dict[str, Any]:
    left = proposals.TRIES - proposal.wrong_entries
    code = proposals.code_of(proposal)
    approved = f"{proposal.approved_at:%H:%M}" if proposal.approved_at else ""
    return {
        "open": bool(code),
        "code": code,
        "typed": sent.get("values", {}).get("verification_id", ""),
        "tries": f"{left} {'try' if left == 1 else 'tries'} left.",
        "approved": approved,
        "closed": CLOSED.get(State(proposal.state), "Closed. Nothing changed."),
        "key_instead": str(uuid.uuid4()),
    }


def _contact(proposal: Proposal, row: Turn, sent: Mapping[str, Any]) -> dict[str, Any]:
    values = sent.get("values", {})
    user: User = proposal.user
    ticket = f"Sent, as ticket {proposal.ticket_id}." if proposal.ticket_id else ""
    return {
        "open": proposal.state == State.CONTACT,
        "email": values.get("email", proposal.contact_email or user.email),
        "phone": values.get("phone", proposal.contact_phone or user.phone),
        "closed": ticket or CLOSED.get(State(proposal.state), "Closed. Nothing changed."),
    }

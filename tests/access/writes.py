"""Every service that writes, and how to call it in a world of its own. A new one is entered here or the guard fails."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from assistant import services as assistant
from assistant.services import changes, conversations, proposals, steps
from customers.models import Subscription
from customers.services import (
    cart,
    customers,
    duplicates,
    end_of_term,
    notices,
    orders,
    partner_of_record,
    partner_of_record_change,
    price_list_import,
    promotion_import,
    reconciliation,
    renewals,
    saved_views,
    subscription_bulk,
    subscription_changes,
    subscription_schedule,
    ticket_processing,
    tickets,
    transitions,
)
from downloads.models import DownloadRequest
from downloads.services import requests, upkeep
from downloads.services.schedules import set_schedule
from portal.core.access import PartnerKind, Role
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories
from tests.access.world import OTHER_RESELLER, World, make_catalog
from tests.assistant import duplicates as talks
from tests.customers.commands.test_import_price_list import BUSINESS_PREMIUM, as_csv
from tests.customers.rules.test_promotion_list import ITEM
from tests.factories import AS_OF

OPERATOR = Scope.for_operator()
REACH = {"contact_email": "mara@contoso.example", "contact_phone": "+1 425 555 0100"}


@dataclass
class Stage:
    """A tenant in which a seller has prepared what the service is called with."""

    world: World
    seller: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.seller = self.world.user.current_membership.scope()

    @classmethod
    def of(cls, name: str = "Distribution") -> Stage:
        make_catalog()
        roles = tuple(Role.values)
        return cls(World.of(PartnerKind.INDIRECT_PROVIDER, name, roles=roles, now=AS_OF))

    def as_reseller(self) -> Scope:
        """The same person, in the same tenant, which has become an indirect reseller."""
        Partner.objects.filter(pk=self.world.partner.pk).update(kind=PartnerKind.INDIRECT_RESELLER)
        return User.objects.get(pk=self.world.user.pk).current_membership.scope()

    @property
    def subscription(self) -> dict[str, Any]:
        """The subscription as its page shows it now."""
        row = Subscription.objects.within(OPERATOR).get(pk=self.world.subscription.pk)
        return {"subscription_id": row.subscription_id, "etag": row.etag}

    @property
    def line(self) -> dict[str, Any]:
        return {"cart_id": self.world.cart.cart_id, "number": 1, "version": 1}

    @property
    def ticket(self) -> dict[str, Any]:
        return {"ticket_id": self.world.arguments["ticket_id"]}

    @property
    def download(self) -> dict[str, Any]:
        return {"request_id": self.world.arguments["pk"]}

    @property
    def talk(self) -> dict[str, Any]:
        return {"conversation_id": self.world.arguments["conversation_id"]}

    def left_behind(self) -> talks.Left:
        return talks.left_behind(factories.make_customer(self.world.partner, "Fourth Coffee"))

    def duplicate(self) -> dict[str, Any]:
        """A request about a duplicate that an upgrade left."""
        left = self.left_behind()
        change = tickets.Change(subscription_id=left.standard.subscription_id)
        upgraded = left.upgraded.subscription_id
        return {"upgraded_subscription_id": upgraded, "changes": [change], "key": uuid.uuid4().hex, **REACH}

    def duplicate_ticket(self) -> dict[str, Any]:
        ticket = tickets.request_duplicate_change(self.seller, **self.duplicate(), as_of=AS_OF)
        return {"ticket_id": ticket.ticket_id}

    def proposal(self) -> dict[str, Any]:
        """A request that waits in the assistant for its approval."""
        asked = assistant.handle(self.seller, text=self.left_behind().request, as_of=AS_OF)
        found = proposals.waiting(self.seller, conversation=asked.conversation, as_of=AS_OF)
        assert found is not None, asked.answer.text
        return {"conversation_id": asked.conversation.conversation_id, "proposal_id": found.proposal_id}

    def approved(self) -> dict[str, Any]:
        waits = self.proposal()
        steps.approve(self.seller, **waits, typed=talks.code(), key="1", as_of=AS_OF)
        return waits

    def status_of_download(self, status: str) -> dict[str, Any]:
        DownloadRequest.objects.within(OPERATOR).filter(pk=self.download["request_id"]).update(status=status)
        return self.download


@dataclass(frozen=True)
class Write:
    """`event` names the entry that tells of it. The other words are reasons, each for what the entry, or the refusal
    to an indirect reseller, is without; empty: it is there."""

    service: Callable[..., Any]
    event: str
    given: Callable[[Stage], dict[str, Any]]
    by_staff: bool = False
    undecided: str = ""
    no_before: str = ""
    of_nobody: str = ""
    open_to_resellers: str = ""

    def __str__(self) -> str:
        return f"{self.service.__module__.rpartition('.')[2]}.{self.service.__qualname__}"


SUPPORT = {"undecided": "whoever may see a ticket may", "open_to_resellers": "to ask for help is no sale"}
STAFF = {"by_staff": True, "undecided": "staff decide themselves"}
REPORT = {"undecided": "a right, no rule", "open_to_resellers": "a report is no sale"}
TALK = {"undecided": "a question decides nothing", "open_to_resellers": "a talk is no sale"}
OWN = {"undecided": "a person's own view", "open_to_resellers": "a person's own view"}
IMPORTED = {
    "by_staff": True, "of_nobody": "a price list belongs to no tenant", "undecided": "a file is read, nothing is asked",
}  # fmt: skip


def checked_out(stage: Stage) -> dict[str, Any]:
    cart_id = stage.world.cart.cart_id
    review = orders.review(stage.seller, cart_id=cart_id, as_of=AS_OF)
    return {
        "cart_id": cart_id, "version": 1, "attestation_accepted": True, "confirmed": review.figures,
        "resellers": {1: "7654321"},
    }  # fmt: skip


def suspended(stage: Stage) -> dict[str, Any]:
    subscription_changes.suspend(stage.seller, **stage.subscription, as_of=AS_OF)
    return stage.subscription


def scheduled(stage: Stage) -> dict[str, Any]:
    subscription_schedule.schedule_change(stage.seller, **planned(stage), as_of=AS_OF)
    return stage.subscription


def planned(stage: Stage) -> dict[str, Any]:
    return {**stage.subscription, "quantity": 20, "term_duration": "P1Y", "billing_cycle": "monthly"}


def hidden(stage: Stage) -> dict[str, Any]:
    notices.hide(stage.seller, **known(stage), as_of=AS_OF)
    return known(stage)


def viewed(stage: Stage) -> dict[str, Any]:
    return {"view_id": stage.world.arguments["view_id"]}


def known(stage: Stage) -> dict[str, Any]:
    return {"subscription_id": stage.world.subscription.subscription_id}


def reported(stage: Stage) -> dict[str, Any]:
    return {"request_id": requests.request_report(stage.seller, report="est", as_of=AS_OF).request.pk}


def added(stage: Stage) -> dict[str, Any]:
    return {
        "cart_id": stage.world.cart.cart_id, "sku_id": stage.world.cart.lines.get().sku_id, "term_duration": "P1Y",
        "billing_cycle": "annual", "quantity": 3, "submission_key": None,
    }  # fmt: skip


def said(stage: Stage) -> dict[str, Any]:
    heard = conversations.Said(text="help", page=assistant.NOWHERE, origin="", choice="", opens="")
    return {**stage.talk, "heard": heard, "submission_key": uuid.uuid4()}


def unscheduled_report(stage: Stage) -> dict[str, Any]:
    set_schedule(stage.seller, report="est", every="day", as_of=AS_OF)
    return {"report": "est", "every": ""}


WRITES = [
    # Selling
    Write(cart.open_for, "cart.opened", lambda s: {"customer_id": s.left_behind().customer.pk},
          undecided="an empty cart promises nothing"),
    Write(cart.add_line, "cart_line.added", added),
    Write(cart.change_line, "cart_line.changed", lambda s: {**s.line, "quantity": 7}),
    Write(cart.remove_line, "cart_line.removed", lambda s: s.line, undecided="a line may always go"),
    Write(orders.checkout, "order.placed", checked_out),
    # Subscriptions
    Write(subscription_changes.change_quantity, "subscription.licenses_reduced",
          lambda s: {**s.subscription, "quantity": 20}),
    Write(subscription_changes.change_quantity, "subscription.licenses_added",
          lambda s: {**s.subscription, "quantity": 30}),
    Write(subscription_changes.cancel, "subscription.canceled", lambda s: s.subscription),
    Write(subscription_changes.choose_end_of_term, "subscription.end_of_term_chosen",
          lambda s: {**s.subscription, "choice": "cancel"}),
    Write(subscription_bulk.choose, "subscription.end_of_term_chosen",
          lambda s: {"choice": "cancel", "picked": [subscription_bulk.Picked(**s.subscription)]}),
    Write(subscription_changes.suspend, "subscription.suspended", lambda s: s.subscription),
    Write(subscription_changes.reactivate, "subscription.reactivated", suspended),
    Write(subscription_schedule.schedule_change, "subscription.change_scheduled", planned),
    Write(subscription_schedule.unschedule, "subscription.schedule_removed", scheduled),
    Write(partner_of_record_change.change_partner_of_record, "subscription.partner_of_record_changed",
          lambda s: {**s.subscription, "partner_id": OTHER_RESELLER}),
    Write(transitions.start, "subscription.upgraded",
          lambda s: {**s.subscription, "to_sku": "CFQ7TTC0LCHC:0002", "quantity": 25}),
    Write(transitions.start, "subscription.upgraded",
          lambda s: {**s.subscription, "to_sku": "CFQ7TTC0LCHC:0002", "quantity": 5}),
    Write(subscription_changes.execute_cancel, "subscription.canceled",
          lambda s: {**known(s), "ticket_id": "1"}, by_staff=True),
    Write(subscription_changes.execute_reduce, "subscription.licenses_reduced",
          lambda s: {**known(s), "ticket_id": "1", "to_quantity": 3}, by_staff=True),
    Write(notices.hide, "notice.hidden", known, **OWN),
    Write(notices.show, "notice.shown", hidden, **OWN),
    Write(saved_views.save, "view.saved", lambda s: {"listing": "customers", "name": "Big", "query": "q=big"}, **OWN),
    Write(saved_views.rename, "view.renamed", lambda s: {**viewed(s), "name": "Big"}, **OWN),
    Write(saved_views.remove, "view.removed", viewed, **OWN),
    # Tickets
    Write(tickets.create, "ticket.created", lambda s: {
        "title": "A price", "workspace": "catalog", "problem_type": "price", "details": "Why?", "key": "", **REACH,
    }, open_to_resellers="to ask for help is no sale"),
    Write(tickets.request_duplicate_change, "ticket.created", Stage.duplicate),
    Write(tickets.add_note, "ticket.note_added", lambda s: {**s.ticket, "text": "More."}, **SUPPORT),
    Write(tickets.change_contact, "ticket.contact_changed", lambda s: {**s.ticket, **REACH},
          open_to_resellers="to ask for help is no sale"),
    Write(tickets.withdraw, "ticket.withdrawn", lambda s: s.ticket, **SUPPORT),
    Write(ticket_processing.take, "ticket.taken", lambda s: s.ticket, **STAFF),
    Write(ticket_processing.approve, "ticket.approved", Stage.duplicate_ticket, by_staff=True),
    Write(ticket_processing.decline, "ticket.declined", lambda s: {**s.ticket, "reason": "No"}, **STAFF),
    Write(ticket_processing.note, "ticket.note_added", lambda s: {**s.ticket, "text": "Seen."}, **STAFF),
    Write(ticket_processing.ask, "ticket.attention_needed", lambda s: {**s.ticket, "text": "Which?"}, **STAFF),
    Write(ticket_processing.close, "ticket.closed", lambda s: s.ticket, **STAFF),
    # Reports
    Write(requests.request_report, "download.requested", lambda s: {"report": "est"}, **REPORT),
    Write(requests.cancel_request, "download.canceled", reported, **REPORT),
    Write(requests.open_file, "download.opened", lambda s: s.download, **REPORT),
    Write(set_schedule, "report.scheduled", lambda s: {"report": "est", "every": "day"}, **REPORT),
    Write(set_schedule, "report.unscheduled", unscheduled_report, **REPORT),
    Write(upkeep.retry, "download.retried", lambda s: s.status_of_download("failed"), **STAFF),
    Write(upkeep.withdraw, "download.withdrawn", lambda s: s.download, **STAFF),
    # Files in
    Write(price_list_import.import_price_list, "price_list.imported",
          lambda s: {"file": io.BytesIO(as_csv([BUSINESS_PREMIUM]).encode()), "name": "november.csv"}, **IMPORTED),
    Write(promotion_import.import_promotions, "promotions.imported",
          lambda s: {"file": io.BytesIO(json.dumps({"items": [ITEM]}).encode()), "name": "november.json"}, **IMPORTED),
    # The assistant
    Write(conversations._handle, "assistant.asked", said, **TALK,
          no_before="the turns before it stand in the conversation, unchanged"),
    Write(conversations.clear, "assistant.cleared", lambda s: s.talk, **TALK),
    Write(conversations.give_feedback, "assistant.rated",
          lambda s: {**s.talk, "number": 1, "helpful": True, "reason": "", "text": ""}, **TALK),
    Write(changes.change_line, "cart_line.changed", lambda s: {**s.talk, "number": 1}),
    Write(changes.keep_line, "assistant.acted", lambda s: {**s.talk, "number": 1}, undecided="nothing is changed"),
    Write(steps.approve, "assistant.approved", lambda s: {**s.proposal(), "typed": talks.code(), "key": "1"},
          undecided="a person approves; the conditions stand in the proposal and are asked again for the ticket"),
    Write(steps.contact, "ticket.created",
          lambda s: {**s.approved(), "email": "mara@contoso.example", "phone": "+1 425 555 0100", "key": "2"}),
    Write(steps.again, "assistant.proposed", lambda s: {**s.proposal(), "key": uuid.uuid4()},
          undecided="a proposal is checked again at each step"),
    Write(steps.instead, "assistant.asked", lambda s: {**s.proposal(), "key": uuid.uuid4()},
          undecided="a question", no_before="the turns before it stand in the conversation, unchanged"),
]  # fmt: skip

NOT_RECORDED: dict[Any, str] = {
    customers._refresh_chunk: "sums of rows whose changes are recorded",
    duplicates.refresh: "what the rule says of rows whose changes are recorded",
    end_of_term.refresh: "what the rule says of rows whose changes are recorded",
    partner_of_record._store_locked: "what the rule says of rows whose changes are recorded",
    reconciliation.refresh_months: "sums of lines that are recorded",
    renewals._store: "what the rule says of rows whose changes are recorded",
    requests.mark_seen: "when a person last looked at a list",
    conversations.look_away: "which page a person's own panel is about",
}

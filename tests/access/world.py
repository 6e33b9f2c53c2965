"""One tenant with one of everything that an address can name, and the people who may try to open it.

A new kind of object that an address names is made in `World.of` and put into `World.arguments`.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from assistant.models import Conversation, Turn
from customers.forms.order import write_figures
from customers.models import (
    Availability,
    Cart,
    CartLine,
    Customer,
    Order,
    OrderLine,
    SavedView,
    Sku,
    Subscription,
    Ticket,
)
from customers.services import orders
from downloads import services as downloads
from downloads.models import DownloadRequest
from portal.core import clock
from portal.core.access import PartnerKind, Role
from portal.core.models import Partner, User
from tests import factories

OTHER_RESELLER = "7654322"
_numbers = itertools.count(900_001)  # unlike any other number on a page
LEGACY_OFFER = "195416c1-3447-423a-b37b-ee59a99a19c4"


@dataclass
class World:
    """The rows of one tenant. `arguments` are what its addresses take, by the name in the pattern."""

    partner: Partner
    user: User
    customer: Customer
    subscription: Subscription
    cart: Cart
    arguments: dict[str, Any] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """The address of `name`, with whichever of the arguments its pattern takes."""
        arguments = self.arguments | ({"pk": self.user.current_membership_id} if name == "membership" else {})
        for size in range(3):
            for kept in itertools.combinations(arguments, size):
                try:
                    return reverse(name, kwargs={key: arguments[key] for key in kept})
                except NoReverseMatch:
                    continue
        raise AssertionError(f"{name} takes an argument that World.arguments does not have")

    def asked(self, name: str, query: str) -> str:
        """The same with a query, in which `{ticket_id}` stands for the argument of that name."""
        return f"{self.address(name)}?{query.format(**self.arguments)}" if query else self.address(name)

    @classmethod
    def of(
        cls, kind: str, name: str, *, roles: tuple[str, ...] = (Role.SALES_AGENT,), mark: str = "Ours",
        now: datetime | None = None,
    ) -> World:  # fmt: skip
        """`mark` is in every name, so that a page that shows one of them can be told."""
        now = now or clock.now()
        partner = factories.make_partner(f"{mark} {name}", kind=kind)
        user = factories.make_member(partner, roles=roles, name=f"{mark} Person")
        reseller = factories.make_reseller(partner, f"{mark} Reseller", mpn_id="7654321")
        factories.make_reseller(partner, f"{mark} Other Reseller", mpn_id=OTHER_RESELLER)
        customer = factories.make_customer(partner, f"{mark} Customer", reseller=reseller)
        subscription = factories.make_subscription(
            customer, name=f"{mark} Subscription", quantity=25, etag="one", billing_type="license",
            partner_of_record="7654321" if kind == PartnerKind.INDIRECT_PROVIDER else "",
            offer_id="CFQ7TTC0LDPB:0001:CFQ7TTC0LGNT", unit_price="150.000000", currency="USD",
            effective_start_at=now - timedelta(days=3), created_at=now - timedelta(days=3),
            commitment_ends_at=now + timedelta(days=90), cancellation_allowed_until=now + timedelta(days=4),
            refundable_quantity={"totalQuantity": 25, "details": [
                {"quantity": 25, "allowedUntilDateTime": (now + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ")}
            ]},
        )  # fmt: skip
        factories.make_subscription(customer, name=f"{mark} Legacy", offer_id=LEGACY_OFFER)
        cart = _cart(customer, user)
        download = _download(partner, user)
        world = cls(partner=partner, user=user, customer=customer, subscription=subscription, cart=cart)
        world.arguments = {
            "tenant_id": customer.tenant_id,
            "subscription_id": subscription.subscription_id,
            "cart_id": cart.cart_id,
            "order_id": _order(customer, f"{mark} Ordered"),
            "conversation_id": _conversation(user, cart, download, f"{mark} conversation"),
            "pk": download.pk,
            "ticket_id": _ticket(customer, user, f"{mark} ticket"),
            "month": "2026-11",
            "proposal_id": uuid.uuid4(),
            "number": 1,
            "field": "market",
            "reference": "CFQ7TTC0LCHC:0002",
            "report": "est",
            "listing": "customers",
            "view_id": _view(user, f"{mark} view"),
        }
        return world


def make_catalog() -> None:
    """What belongs to no tenant: two products with prices, and an upgrade from one to the other."""
    base = factories.make_sku("Microsoft 365 Business Standard", "CFQ7TTC0LDPB:0001")
    premium = factories.make_sku()
    for sku, price in ((base, "150.00"), (premium, "264.00")):
        for plan in ("monthly", "annual"):
            factories.make_price(sku, unit_price=price, plan=plan)
        Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    factories.make_path("CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002")


def _cart(customer: Customer, user: User) -> Cart:
    now = clock.now()
    cart = Cart.objects.create(
        customer=customer, created_at=now, modified_at=now, expires_at=now + timedelta(days=7), created_by=user
    )
    sku = Sku.objects.get(product__product_id="CFQ7TTC0LCHC")
    CartLine.objects.create(cart=cart, number=1, sku=sku, quantity=5, term_duration="P1Y", billing_cycle="annual")
    return cart


def _order(customer: Customer, name: str) -> str:
    order = Order.objects.create(
        customer=customer, order_id=uuid.uuid4().hex[:12], currency="USD", created_at=clock.now(), status="completed"
    )
    OrderLine.objects.create(order=order, number=1, offer_id="A:1:B", quantity=1, friendly_name=name)
    return order.order_id


def _ticket(customer: Customer, user: User, title: str) -> str:
    now = clock.now()
    return Ticket.objects.create(
        ticket_id=f"{2_611_230_000_000_000 + next(_numbers)}", partner=customer.partner, customer=customer, title=title, created_by=user,
        created_at=now, modified_at=now,
    ).ticket_id  # fmt: skip


def _view(user: User, name: str) -> uuid.UUID:
    return SavedView.objects.create(
        partner=user.current_membership.partner, user=user, listing="customers", name=name, query=f"q={name}",
        created_at=clock.now(),
    ).view_id  # fmt: skip


def _conversation(user: User, cart: Cart, download: DownloadRequest, title: str) -> uuid.UUID:
    """An answer that offers to change the line of the cart, and tells how a report stands."""
    now = clock.now()
    row = Conversation.objects.create(
        partner_id=download.partner_id, user=user, title=title, created_at=now, modified_at=now
    )
    card = {
        "kind": "change_line", "cart_id": str(cart.cart_id), "number": 1, "version": 1, "term_duration": "P1Y",
        "billing_cycle": "monthly", "quantity": 5, "title": "Change line 1 to monthly?", "promotion": "Launch offer",
        "discount": "25 %", "before": "$1.00", "after": "$1.00",
    }  # fmt: skip
    report = {
        "kind": "report", "title": f"{title} report", "request": download.pk, "requested": "", "next": "", "plain": [],
        **downloads.standing_of(download, may_open=True),
    }  # fmt: skip
    Turn.objects.create(
        conversation=row, number=1, speaker="assistant", text=title, created_at=now, status="answered",
        answer={"lead": title, "cards": [card, report]},
    )  # fmt: skip
    return row.conversation_id


def _download(partner: Partner, user: User) -> DownloadRequest:
    now = clock.now()
    name = default_storage.save(f"{uuid.uuid4().hex}.csv", ContentFile(b"a\r\n1\r\n"))
    return DownloadRequest.objects.create(
        pk=next(_numbers), partner=partner, report="upsell", status="completed", requested_by=user, requested_at=now, evaluation_at=now,
        finished_at=now, expires_at=now + timedelta(days=30), file_name=name, row_count=1, byte_count=6,
        sha256="0" * 64,
    )  # fmt: skip


# Who tries -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """`kind` and `role` are empty for those who work for no partner."""

    name: str
    kind: str = ""
    role: str = ""

    @property
    def is_member(self) -> bool:
        return bool(self.role)

    @property
    def may_sell(self) -> bool:
        return self.role in (Role.ADMIN_AGENT, Role.SALES_AGENT) and self.kind != PartnerKind.INDIRECT_RESELLER

    @property
    def is_distributor(self) -> bool:
        return self.kind == PartnerKind.INDIRECT_PROVIDER

    def world(self) -> World:
        """A tenant of the person's kind in which everything was made by the person; a distributor's for a stranger."""
        return World.of(self.kind or PartnerKind.INDIRECT_PROVIDER, "Partner", roles=(self.role or Role.SALES_AGENT,))

    def account(self, world: World) -> User | None:
        """Who signs in; nobody for the anonymous."""
        if self.name == "staff":
            return factories.make_staff()
        if self.name == "nobody":
            return User.objects.create_user("nobody@contoso.example", factories.PASSWORD, name="Nobody Yet")
        return None if self.name == "anonymous" else world.user


def signed_in(user: User | None) -> Client:
    """A browser of its own, in which a server error is a page as for a person."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="portal.core.auth.MembershipBackend")
    return client


def tried(client: Client, method: str, address: str, data: dict[str, Any], **headers: str) -> tuple[int, str]:
    """The status and the text of the answer. What the request changed is undone."""
    with transaction.atomic():
        response = getattr(client, method)(address, data, headers=headers)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        # As Django's own client does: the end of a request would close the connection of the test.
        request_finished.disconnect(close_old_connections)
        try:
            response.close()
        finally:
            request_finished.connect(close_old_connections)
        transaction.set_rollback(True)
    return response.status_code, body.decode(errors="replace")


PEOPLE = (
    Person("anonymous"),
    Person("nobody"),
    Person("staff"),
    *(Person(f"{role} of {kind}", kind, role) for kind in PartnerKind.values for role in Role.values),
)


def confirmed_figures(world: World) -> str:
    """The hidden field of the review page, as it comes back from a person who has just looked."""
    scope = world.user.current_membership.scope()
    return write_figures(orders.review(scope, cart_id=world.cart.cart_id, as_of=clock.now()).figures)

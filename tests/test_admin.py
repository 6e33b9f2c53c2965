"""The back office: every page answers for staff, for nobody else, and leaves an audit entry."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from assistant.models import Conversation, Feedback, Turn
from customers import models as m
from downloads.models import DownloadChunk, DownloadRequest
from portal.core.models import AuditEvent, AuditIsAppendOnly, Membership, Partner, User
from portal.core.scope import Scope
from tests import factories
from tests.factories import AS_OF

pytestmark = pytest.mark.django_db
OPERATOR = Scope.for_operator()
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = [model for model in MODELS if model._meta.app_label in {"core", "customers", "downloads", "assistant"}]


@pytest.fixture
def staff(client_for: Callable[[User], Client]) -> Client:
    return client_for(factories.make_staff())


def url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fill(user: User, number: int) -> None:
    """One more row of every model, as a working portal has them."""
    factories.make_member(factories.make_partner(f"Partner {number}"))
    partner = user.current_membership.partner
    reseller = factories.make_reseller(partner, f"Nod Publishers {number}")
    customer = factories.make_customer(partner, f"Fabrikam Robotics {number}", reseller=reseller)
    sku = factories.make_sku(reference=f"CFQ7TTC0{number:04}:0002")
    factories.make_price(sku)
    m.PriceList.objects.create(view="future", file_name=f"{number}.csv", sha256="0" * 64, imported_at=AS_OF, row_count=0)
    m.Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    promotion = factories.make_promotion(promotion_id=f"39NFJQT26J7Z:{number:04}:084R5MQ9QF1W")
    m.PromotionAssignment.objects.create(promotion=promotion, customer=customer, assigned_at=AS_OF)
    m.UpgradePath.objects.create(
        month=AS_OF.date(), source="offer_matrix", from_product_id=f"CFQ7TTC0{number:04}", from_sku_id="0001",
        to_product_id="CFQ7TTC0LCHC", to_sku_id="0002",
    )
    subscription = factories.make_subscription(customer)
    transition = m.Transition.objects.create(
        customer=customer, from_catalog_item_id="A:1:B", from_subscription_id=subscription.subscription_id,
        to_catalog_item_id="A:2:B", quantity=1, transition_type="transition_with_license_transfer",
    )
    m.TransitionEvent.objects.create(transition=transition, name="Conversion", status="Completed", occurred_at=AS_OF)
    cart = m.Cart.objects.create(
        customer=customer, created_at=AS_OF, modified_at=AS_OF, expires_at=AS_OF, created_by=user, modified_by=user
    )
    m.CartLine.objects.create(
        cart=cart, number=1, sku=sku, quantity=5, term_duration="P1Y", billing_cycle="monthly"
    )
    order = m.Order.objects.create(customer=customer, order_id=f"34b37d73{number:04}", currency="USD", created_at=AS_OF)
    m.OrderLine.objects.create(order=order, number=1, offer_id="A:1:B", quantity=1)
    ticket = m.Ticket.objects.create(
        partner=partner, customer=customer, ticket_id=f"{2611230000000000 + number}", title="Price", created_by=user,
        created_at=AS_OF, modified_at=AS_OF,
    )
    m.TicketNote.objects.create(ticket=ticket, created_by_name="Mara König", created_at=AS_OF, text="Hello")
    request = DownloadRequest.objects.create(
        partner=partner, report=f"report-{number}", requested_by=user, requested_at=AS_OF
    )
    DownloadChunk.objects.create(
        request=request, number=1, first_key=1, last_key=2, row_count=2, byte_count=20, sha256="0" * 64
    )
    conversation = Conversation.objects.create(
        partner=partner, user=user, title=f"Promotion {number}", created_at=AS_OF, modified_at=AS_OF
    )
    turn = Turn.objects.create(conversation=conversation, number=1, speaker="person", text="Why?", created_at=AS_OF)
    Feedback.objects.create(turn=turn, user=user, helpful=False, reason="wrong", created_at=AS_OF)
    AuditEvent.objects.create(
        occurred_at=AS_OF, partner_id=partner.pk, user_id=user.pk, user_email=user.email, event="cart_line.changed",
        target_type="customers.cartline", target_id=str(number), target_name="Line 1",
        before={"quantity": 1}, after={"quantity": 2}, decision=[{"code": "x", "passed": True, "message": "Fine."}],
    )


@pytest.fixture
def full(ours_user: User) -> None:
    fill(ours_user, 1)


def one(model: type[models.Model]) -> models.Model:
    found = model.objects.within(OPERATOR) if hasattr(model.objects, "within") else model.objects.all()
    return found.order_by("-pk").first()


def test_every_model_of_the_portal_is_in_the_back_office() -> None:
    from django.apps import apps  # noqa: PLC0415

    here = {model for label in ("core", "customers", "downloads", "assistant") for model in apps.get_app_config(label).get_models()}
    assert here - set(admin.site._registry) == set()
    assert len(OURS) >= 28


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label_lower)
class TestPages:
    @pytest.fixture(autouse=True)
    def _rows(self, full: None) -> None: ...

    def test_list_and_search(self, staff: Client, model: type[models.Model]) -> None:
        assert one(model) is not None
        page = staff.get(url(model, "changelist"))
        assert page.status_code == 200
        assert page.context["cl"].result_count >= 1
        for text in ("fabrikam", "Übermaß", str(uuid.uuid4()), "7654321", "99999999999999999999", "%'\\ \"", "x" * 500):
            assert staff.get(url(model, "changelist"), {"q": text}).status_code == 200, text

    def test_one_row_and_its_history(self, staff: Client, model: type[models.Model]) -> None:
        row = one(model)
        assert staff.get(url(model, "change", row.pk)).status_code == 200
        assert staff.get(url(model, "history", row.pk)).status_code == 200
        assert staff.get(url(model, "change", 999_999)).status_code == 302

    def test_add_and_delete_pages_answer_or_refuse(self, staff: Client, model: type[models.Model]) -> None:
        assert staff.get(url(model, "add")).status_code in {200, 403}
        assert staff.get(url(model, "delete", one(model).pk)).status_code in {200, 403}

    def test_nobody_else(self, client: Client, ours_user: User, client_for: Any, model: type[models.Model]) -> None:
        assert client.get(url(model, "changelist")).status_code == 302
        page = client_for(ours_user).get(url(model, "changelist"))
        assert page.status_code == 302
        assert "/admin/login/" in page["Location"]

    def test_queries_do_not_grow_with_rows(
        self, staff: Client, ours_user: User, django_assert_max_num_queries: Any, model: type[models.Model]
    ) -> None:
        staff.get(url(model, "changelist"), {"q": "fabrikam"})
        with django_assert_max_num_queries(100) as few:
            staff.get(url(model, "changelist"))
        for number in range(2, 6):
            fill(ours_user, number)
        with django_assert_max_num_queries(len(few)):
            page = staff.get(url(model, "changelist"))
        assert page.context["cl"].result_count >= 2
        assert len(few) <= 8

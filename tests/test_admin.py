"""The back office: every page answers for staff, for nobody else, and leaves an audit entry."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from assistant.models import Allowance, Conversation, Feedback, Proposal, Turn
from customers import models as m
from downloads.models import DownloadChunk, DownloadRequest, ReportSchedule
from portal.core.exports import CHUNK
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
    other = factories.make_member(factories.make_partner(f"Partner {number}"))
    partner = user.current_membership.partner
    reseller = factories.make_reseller(partner, f"Nod Publishers {number}")
    customer = factories.make_customer(partner, f"Fabrikam Robotics {number}", reseller=reseller)
    sku = factories.make_sku(reference=f"CFQ7TTC0{number:04}:0002")
    factories.make_price(sku)
    m.PriceList.objects.create(
        view="future", file_name=f"{number}.csv", sha256="0" * 64, imported_at=AS_OF, row_count=0
    )
    m.Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    promotion = factories.make_promotion(promotion_id=f"39NFJQT26J7Z:{number:04}:084R5MQ9QF1W")
    m.PromotionAssignment.objects.create(promotion=promotion, customer=customer, assigned_at=AS_OF)
    m.UpgradePath.objects.create(
        month=AS_OF.date(),
        source="offer_matrix",
        from_product_id=f"CFQ7TTC0{number:04}",
        from_sku_id="0001",
        to_product_id="CFQ7TTC0LCHC",
        to_sku_id="0002",
    )
    subscription = factories.make_subscription(customer)
    transition = m.Transition.objects.create(
        customer=customer,
        from_catalog_item_id="A:1:B",
        from_subscription_id=subscription.subscription_id,
        to_catalog_item_id="A:2:B",
        quantity=1,
        transition_type="transition_with_license_transfer",
    )
    m.TransitionEvent.objects.create(transition=transition, name="Conversion", status="Completed", occurred_at=AS_OF)
    cart = m.Cart.objects.create(
        customer=customer, created_at=AS_OF, modified_at=AS_OF, expires_at=AS_OF, created_by=user, modified_by=user
    )
    m.CartLine.objects.create(cart=cart, number=1, sku=sku, quantity=5, term_duration="P1Y", billing_cycle="monthly")
    order = m.Order.objects.create(customer=customer, order_id=f"34b37d73{number:04}", currency="USD", created_at=AS_OF)
    m.OrderLine.objects.create(order=order, number=1, offer_id="A:1:B", quantity=1)
    ticket = m.Ticket.objects.create(
        partner=partner,
        customer=customer,
        ticket_id=f"{2611230000000000 + number}",
        title="Price",
        created_by=user,
        created_at=AS_OF,
        modified_at=AS_OF,
    )
    m.TicketNote.objects.create(ticket=ticket, created_by_name="Mara König", created_at=AS_OF, text="Hello")
    m.TicketAction.objects.create(
        ticket=ticket, subscription=subscription, kind="cancel", from_quantity=10, to_quantity=0
    )
    m.LegacyOfferMapping.objects.create(legacy_offer_id=str(uuid.uuid4()), product_id="CFQ7TTC0LCHC", sku_id="0002")
    m.ReconciliationLine.objects.create(
        partner=partner, customer=customer, subscription=subscription, month=AS_OF.date().replace(day=1),
        occurred_at=AS_OF, charge_type="new", offer_id="A:1:B", sku_name="Product", quantity=1, billable_quantity=1,
        unit_price=1, effective_unit_price=1, subtotal=1, currency="USD", charge_starts_at=AS_OF, charge_ends_at=AS_OF,
    )  # fmt: skip
    m.ReconciliationMonth.objects.create(
        partner=partner, month=AS_OF.date().replace(day=1), currency=f"{number:03}"[-3:], lines=1
    )
    request = DownloadRequest.objects.create(
        partner=partner, report=f"report-{number}", requested_by=user, requested_at=AS_OF
    )
    DownloadChunk.objects.create(
        request=request, number=1, first_key=1, last_key=2, row_count=2, byte_count=20, crc32=7
    )
    ReportSchedule.objects.create(partner=partner, report=f"report-{number}", every="week", owner=user)
    conversation = Conversation.objects.create(
        partner=partner, user=user, title=f"Promotion {number}", created_at=AS_OF, modified_at=AS_OF
    )
    turn = Turn.objects.create(conversation=conversation, number=1, speaker="person", text="Why?", created_at=AS_OF)
    Feedback.objects.create(turn=turn, user=user, helpful=False, reason="wrong", created_at=AS_OF)
    Proposal.objects.create(
        partner=partner, user=user, conversation=conversation, content={}, digest="0" * 64, code_hash="0" * 64,
        created_at=AS_OF, expires_at=AS_OF,
    )  # fmt: skip
    Allowance.objects.create(partner=partner, user=other, started_at=AS_OF, count=number)
    m.SavedView.objects.create(
        partner=partner, user=user, listing="customers", name=f"View {number}", query="market=US", created_at=AS_OF
    )
    m.HiddenNotice.objects.create(subscription=subscription, user=user, notice="upgrade", hidden_at=AS_OF)
    AuditEvent.objects.create(
        occurred_at=AS_OF,
        partner_id=partner.pk,
        user_id=user.pk,
        user_email=user.email,
        event="cart_line.changed",
        target_type="customers.cartline",
        target_id=str(number),
        target_name="Line 1",
        before={"quantity": 1},
        after={"quantity": 2},
        decision=[{"code": "x", "passed": True, "message": "Fine."}],
    )


@pytest.fixture
def full(ours_user: User) -> None:
    fill(ours_user, 1)


def one(model: type[models.Model]) -> models.Model:
    found = model.objects.within(OPERATOR) if hasattr(model.objects, "within") else model.objects.all()
    return found.order_by("-pk").first()


def test_every_model_of_the_portal_is_in_the_back_office() -> None:
    from django.apps import apps  # noqa: PLC0415

    here = {
        model
        for label in ("core", "customers", "downloads", "assistant")
        for model in apps.get_app_config(label).get_models()
    }
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


def latest() -> AuditEvent:
    return AuditEvent.objects.order_by("-pk")[0]


def form_of(page: Any) -> dict[str, Any]:
    """What a browser would send back from a change or add page, unchanged."""
    data: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value in (None, "", False):
                continue
            widget = field.field.widget
            if hasattr(widget, "widgets"):  # a date and a time
                for part, name in zip(widget.decompress(value), widget.widgets_names, strict=True):
                    data[field.html_name + name] = part
            else:
                data[field.html_name] = value
    return data


class TestChangesAreAudited:
    def test_a_change_has_before_and_after(self, staff: Client, full: None) -> None:
        reseller = one(m.IndirectReseller)
        page = url(m.IndirectReseller, "change", reseller.pk)
        data = form_of(staff.get(page))
        assert staff.post(page, {**data, "mpn_id": "7777777"}).status_code == 302
        entry = latest()
        assert entry.event == "staff.indirectreseller.changed"
        assert (entry.before, entry.after) == ({"mpn_id": "7654321"}, {"mpn_id": "7777777"})
        assert entry.partner_id == reseller.partner_id
        assert entry.user_email == "staff@operator.example"

    def test_saving_without_a_change_leaves_no_entry(self, staff: Client, full: None) -> None:
        page = url(m.IndirectReseller, "change", one(m.IndirectReseller).pk)
        before = AuditEvent.objects.count()
        assert staff.post(page, form_of(staff.get(page))).status_code == 302
        assert AuditEvent.objects.count() == before

    def test_added_and_removed_rows_of_an_inline(self, staff: Client, full: None) -> None:
        promotion = one(m.Promotion)
        page = url(m.Promotion, "change", promotion.pk)
        data = form_of(staff.get(page))
        added = {
            "required_products-TOTAL_FORMS": "2", "required_products-1-promotion": promotion.pk,
            "required_products-1-product_id": "CFQ7TTC0LCHC", "required_products-1-sku_id": "0002",
            "required_products-1-term_duration": "P1Y", "required_products-1-billing_cycle": "monthly",
            "required_products-1-policy_type": "PercentDiscount", "required_products-1-value": "0.1",
        }  # fmt: skip
        assert staff.post(page, {**data, **added}).status_code == 302
        assert (latest().event, latest().after["value"]) == ("staff.promotionproduct.added", "0.1")
        data = form_of(staff.get(page))
        assert staff.post(page, {**data, "required_products-1-DELETE": "on"}).status_code == 302
        assert (latest().event, latest().before["value"]) == ("staff.promotionproduct.removed", "0.1")

    def test_removal_from_the_list(self, staff: Client, full: None) -> None:
        path = one(m.UpgradePath)
        data = {"action": "delete_selected", "_selected_action": [path.pk], "post": "yes"}
        assert staff.post(url(m.UpgradePath, "changelist"), data).status_code == 302
        assert not m.UpgradePath.objects.filter(pk=path.pk).exists()
        assert (latest().event, latest().before["to_sku_id"]) == ("staff.upgradepath.removed", "0002")

    def test_roles_are_checkboxes_and_audited(self, staff: Client, ours_user: User) -> None:
        membership = ours_user.current_membership
        page = url(Membership, "change", membership.pk)
        body = staff.get(page).content.decode()
        assert body.count('type="checkbox" name="roles"') == 4
        sent = {"user": ours_user.pk, "partner": membership.partner_id, "roles": ["helpdesk_agent", "billing_admin"]}
        assert staff.post(page, sent).status_code == 302
        assert latest().before == {"roles": ["sales_agent"]}
        assert latest().after == {"roles": ["helpdesk_agent", "billing_admin"]}
        assert staff.post(page, {**sent, "roles": []}).status_code == 200
        assert staff.post(page, {**sent, "roles": ["root"]}).status_code == 200

    def test_a_new_person_gets_a_partner_with_the_first_membership(self, staff: Client, ours: Scope) -> None:
        sent = {
            "email": "new@contoso.example", "name": "Jonas Weber", "password1": "a-long-Passw0rd!",
            "password2": "a-long-Passw0rd!", "usable_password": "true", "memberships-TOTAL_FORMS": "1",
            "memberships-INITIAL_FORMS": "0", "memberships-0-partner": ours.partner_id,
            "memberships-0-roles": ["admin_agent"],
        }  # fmt: skip
        assert staff.post(url(User, "add"), sent).status_code == 302
        person = User.objects.get(email="new@contoso.example")
        assert person.current_membership.roles == ["admin_agent"]
        assert "a-long" not in json.dumps([e.after for e in AuditEvent.objects.all()])
        assert person.password not in json.dumps([e.after for e in AuditEvent.objects.all()])


class TestAccounts:
    def test_the_password_hash_cannot_be_sent_in(self, staff: Client, ours_user: User) -> None:
        page = url(User, "change", ours_user.pk)
        data = form_of(staff.get(page))
        assert staff.post(page, {**data, "password": "md5$x$y", "name": "Mara K."}).status_code == 302
        fresh = User.objects.get(pk=ours_user.pk)
        assert (fresh.name, fresh.password) == ("Mara K.", ours_user.password)

    def test_a_new_password_is_audited_without_it(self, staff: Client, ours_user: User) -> None:
        page = reverse("admin:auth_user_password_change", args=[ours_user.pk])
        sent = {"password1": "a-long-Passw0rd!", "password2": "a-long-Passw0rd!", "usable_password": "true"}
        assert staff.post(page, sent).status_code == 302
        assert User.objects.get(pk=ours_user.pk).check_password("a-long-Passw0rd!")
        assert (latest().event, latest().after) == ("staff.user.password_changed", {})

    def test_staff_cannot_raise_themselves_or_touch_a_superuser(self, ours_user: User, client_for: Any) -> None:
        boss = factories.make_staff()
        clerk = User.objects.create_user("clerk@operator.example", factories.PASSWORD, name="Clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="core"))
        client = client_for(clerk)
        page = url(User, "change", clerk.pk)
        data = form_of(client.get(page))
        client.post(page, {**data, "is_superuser": "on", "is_staff": "on"})
        assert not User.objects.get(pk=clerk.pk).is_superuser
        assert client.post(url(User, "change", boss.pk), data).status_code == 403
        sent = {"password1": "a-long-Passw0rd!", "password2": "a-long-Passw0rd!", "usable_password": "true"}
        assert client.post(reverse("admin:auth_user_password_change", args=[boss.pk]), sent).status_code == 403
        assert client.post(url(User, "delete", boss.pk), {"post": "yes"}).status_code == 403

    def test_staff_without_a_permission_see_nothing(self, client_for: Any, full: None) -> None:
        client = client_for(User.objects.create_user("new@operator.example", "x", name="New", is_staff=True))
        assert client.get(reverse("admin:index")).status_code == 200
        assert client.get(url(m.Customer, "changelist")).status_code == 403


class TestTenantsStayApart:
    def test_a_customer_does_not_move_and_has_no_foreign_reseller(
        self, staff: Client, full: None, theirs_user: User
    ) -> None:
        theirs = theirs_user.current_membership.partner
        page = url(m.Customer, "change", m.Customer.objects.within(OPERATOR).get(name_key="fabrikam robotics 1").pk)
        data = form_of(staff.get(page))
        assert "partner" not in data
        answer = staff.post(page, {**data, "partner": theirs.pk, "reseller": factories.make_reseller(theirs).pk})
        assert answer.context["errors"]
        assert "belongs to another partner" in answer.content.decode()
        assert staff.post(page, {**data, "partner": theirs.pk, "city": "Oslo"}).status_code == 302
        moved = m.Customer.objects.within(OPERATOR).get(name_key="fabrikam robotics 1")
        assert moved.city == "Oslo"
        assert moved.partner_id != theirs.pk

    def test_a_ticket_of_one_partner_about_the_customer_of_another(
        self, staff: Client, ours: Scope, theirs: Scope
    ) -> None:
        foreign = m.Customer.objects.within(theirs).get()
        sent = {
            "partner": ours.partner_id, "created_by": ours.user_id, "customer": foreign.pk, "ticket_id": "2611230000000001", "title": "x",
            "kind": "general", "step": "submitted", "status": "open", "severity": "minimal", "created_at_0": "2026-11-23", "created_at_1": "12:00",
            "modified_at_0": "2026-11-23", "modified_at_1": "12:00", "notes-TOTAL_FORMS": "0",
            "notes-INITIAL_FORMS": "0", "actions-TOTAL_FORMS": "0", "actions-INITIAL_FORMS": "0",
        }  # fmt: skip
        assert "belongs to another partner" in staff.post(url(m.Ticket, "add"), sent).content.decode()
        own = m.Customer.objects.within(ours).get()
        assert staff.post(url(m.Ticket, "add"), {**sent, "customer": own.pk}).status_code == 302


class TestDeleting:
    def test_a_partner_with_customers_stays_and_says_why(self, staff: Client, full: None) -> None:
        page = url(Partner, "delete", factories.Customer.objects.within(OPERATOR)[0].partner_id)
        assert "Customers: at least one" in staff.get(page).content.decode()
        assert staff.post(page, {"post": "yes"}).status_code == 403 or Partner.objects.count() == 2
        assert Partner.objects.count() == 2

    def test_a_sku_in_a_cart_stays_and_says_why(self, staff: Client, full: None) -> None:
        sku = one(m.CartLine).sku
        assert "Cart line" in staff.get(url(m.Sku, "delete", sku.pk)).content.decode()
        staff.post(url(m.Sku, "delete", sku.pk), {"post": "yes"})
        assert m.Sku.objects.filter(pk=sku.pk).exists()


class TestAuditTrail:
    def test_entries_are_read_only(self, staff: Client, full: None) -> None:
        entry = latest()
        body = staff.get(url(AuditEvent, "change", entry.pk)).content.decode()
        assert "Line 1" in body
        assert "<td>1</td><td>2</td>" in body
        assert "met: Fine." in body
        assert 'name="_save"' not in body
        for page in ("change", "delete"):
            assert staff.post(url(AuditEvent, page, entry.pk), {"post": "yes", "event": "x"}).status_code == 403
        sent = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
        staff.post(url(AuditEvent, "changelist"), sent)
        assert AuditEvent.objects.get(pk=entry.pk).event == "cart_line.changed"

    def test_nobody_changes_an_entry_in_the_code_or_in_the_database(self, full: None) -> None:
        entry = latest()
        with pytest.raises(AuditIsAppendOnly):
            entry.delete()
        with pytest.raises(AuditIsAppendOnly):
            AuditEvent.objects.all().delete()
        for sql in ("UPDATE core_auditevent SET event = 'x'", "DELETE FROM core_auditevent"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
        assert latest().event == "cart_line.changed"

    def test_export_of_what_is_chosen(self, staff: Client, full: None) -> None:
        entry = latest()
        response = staff.post(url(AuditEvent, "changelist"), {"action": "export", "_selected_action": [entry.pk]})
        line = json.loads(b"".join(response.streaming_content))
        assert (line["event"], line["after"]) == ("cart_line.changed", {"quantity": 2})
        assert latest().event == "staff.audit.exported"

    def exported(self, staff: Client, page: str) -> list[dict[str, str]]:
        """The file that the list links, as the list stands with these filters."""
        body = staff.get(page).content.decode()
        link = re.search(r'href="([^"]+export\.csv[^"]*)"', body)
        assert link, page
        response = staff.get(link[1].replace("&amp;", "&"))
        assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
        text = b"".join(response.streaming_content).decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_a_file_of_what_is_filtered_on_all_pages(self, staff: Client, full: None, ours_user: User) -> None:
        ours, other = ours_user.current_membership.partner, factories.make_partner("=1+1")
        AuditEvent.objects.bulk_create(
            AuditEvent(
                occurred_at=AS_OF, event=("cart.opened", "order.placed")[n % 2], target_name=f"@{n}", target_type="x",
                target_id=str(n), partner_id=(ours, other)[n % 3 == 0].pk, user_email="mara@contoso.example",
                before={"quantity": n}, decision=[{"code": "a", "passed": n % 2 == 0, "message": "Fine."}],
            )
            for n in range(120)
        )  # fmt: skip
        for query, wanted in (
            ("", AuditEvent.objects.order_by("-pk")),
            (f"?partner={other.pk}", AuditEvent.objects.filter(partner_id=other.pk).order_by("-pk")),
            (
                f"?q=order.placed&partner={ours.pk}&p=2",
                AuditEvent.objects.filter(partner_id=ours.pk, event="order.placed").order_by("-pk"),
            ),
            ("?q=nothing-like-it", AuditEvent.objects.none()),
        ):
            stored = [(each.occurred_at.isoformat(), each.event, each.target_id) for each in wanted]
            found = self.exported(staff, url(AuditEvent, "changelist") + query)
            assert [(row["OccurredAt"], row["Event"], row["Id"]) for row in found] == stored
            assert (latest().event, "q" in latest().after["filters"]) == ("staff.audit.exported", "q=" in query)
        (row,) = self.exported(staff, url(AuditEvent, "changelist") + "?q=117")
        assert (row["Name"], row["Partner"], row["Before"]) == ("'@117", "'=1+1", '{"quantity": 117}')
        assert (row["UserId"], row["After"], row["Decision"]) == ("", "", "not met: Fine.")

    def test_the_file_is_read_as_it_is_written(self, staff: Client, full: None) -> None:
        """Memory does not grow with the entries: of five portions of rows one is held at a time."""
        AuditEvent.objects.bulk_create(
            AuditEvent(occurred_at=AS_OF, event="cart.opened", after={"text": f"{n} {'x' * 1000}"})
            for n in range(5 * CHUNK)
        )
        tracemalloc.start()
        response = staff.get(reverse("admin:core_auditevent_export"))
        lines = sum(1 for _ in response.streaming_content)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert lines > 5 * CHUNK
        assert peak < 2.5 * CHUNK * 1500

    def test_the_file_needs_the_permission_and_filters_that_are_some(self, staff: Client, client_for: Any) -> None:
        clerk = User.objects.create_user("clerk@operator.example", "x", name="Clerk", is_staff=True)
        file = reverse("admin:core_auditevent_export")
        assert client_for(clerk).get(file).status_code == 403
        assert staff.get(f"{file}?occurred_at__gte=nonsense").url.endswith("?e=1")
        assert not AuditEvent.objects.filter(event="staff.audit.exported").exists()

    def test_markup_in_an_entry_is_text(self, staff: Client) -> None:
        entry = AuditEvent.objects.create(occurred_at=AS_OF, event="x", after={"<b>": "<script>alert(1)</script>"})
        assert "<script>alert" not in staff.get(url(AuditEvent, "change", entry.pk)).content.decode()


class TestPriceListImport:
    PAGE = "admin:customers_pricelist_import"

    def test_a_broken_file_is_told_and_stores_nothing(self, staff: Client) -> None:
        sent = {
            "file": SimpleUploadedFile("prices.csv", b"not,a\nprice,list\n"),
            "view": "current",
            "segment": "Commercial",
        }
        page = staff.post(reverse(self.PAGE), sent)
        assert page.status_code == 200
        assert page.context["form"].errors["file"]
        assert not m.PriceList.objects.exists()

    def test_a_price_list_is_stored_or_only_tried(self, staff: Client) -> None:
        names = (
            "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,Market,"
            "Currency,UnitPrice,PricingTierRangeMin,PricingTierRangeMax,EffectiveStartDate,EffectiveEndDate,Tags,ERP Price,"
            "Segment"
        )
        row = (
            "Power BI Pro,CFQ7TTC0H9MP,0001,Power BI Pro,Microsoft,,1 License,P1Y,Monthly,US,USD,168.0,,,"
            "2026-11-01T00:00:00.0000000Z,9999-11-30T23:59:59.9999999Z,License,168.0,Commercial"
        )
        for dry_run, said, count in (
            ("on", "Dry run: nothing was stored. Read 1: added 1", 0),
            ("", "Stored. Read 1", 1),
        ):
            file = SimpleUploadedFile("november.csv", f"{names}\n{row}\n".encode())
            sent = {"file": file, "view": "current", "segment": "Commercial", "dry_run": dry_run}
            assert said in staff.post(reverse(self.PAGE), sent).content.decode()
            assert m.PriceRow.objects.count() == count
        assert "price_list.imported" in AuditEvent.objects.values_list("event", flat=True)

    def test_promotions(self, staff: Client) -> None:
        page = reverse("admin:customers_promotion_import")
        assert "Import promotions" in staff.get(url(m.Promotion, "changelist")).content.decode()
        sent = {"country": "us", "segment": "Commercial", "file": SimpleUploadedFile("p.json", b"{")}
        assert staff.post(page, sent).context["form"].errors["file"]
        answer = staff.post(page, {**sent, "file": SimpleUploadedFile("p.json", b'{"items": [{}]}')})
        assert answer.status_code == 200
        assert "Nothing was stored. Read 1" in answer.content.decode()
        assert staff.post(page, {**sent, "country": "USA"}).context["form"].errors["country"]

    def test_needs_the_permission(self, client_for: Any, ours_user: User) -> None:
        clerk = User.objects.create_user("clerk@operator.example", "x", name="Clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_pricelist"))
        client = client_for(clerk)
        assert client.get(reverse(self.PAGE)).status_code == 403
        assert "Import a price list" not in client.get(url(m.PriceList, "changelist")).content.decode()
        assert client_for(ours_user).get(reverse(self.PAGE)).status_code == 302


def test_a_count_stops_at_the_cap(staff: Client, full: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.core.scoped_admin.COUNT_CAP", 1)
    m.Product.objects.create(product_id="CFQ7TTC0AAAA", title="Second")
    assert "more than 1 product" in staff.get(url(m.Product, "changelist")).content.decode()


def test_choices_reach_every_tenant_but_only_real_rows(staff: Client, full: None, theirs_user: User) -> None:
    found = staff.get(
        reverse("admin:autocomplete"),
        {"term": "northw", "app_label": "customers", "model_name": "ticket", "field_name": "customer"},
    ).json()
    assert [row["text"] for row in found["results"]] == ["Northwind Traders"]


class TestActionsCallServices:
    def act(self, staff: Client, action: str, row: models.Model) -> Any:
        sent = {"action": action, "_selected_action": [row.pk]}
        return staff.post(url(type(row), "changelist"), sent, follow=True)

    def test_a_failed_report_runs_again(
        self, staff: Client, full: None, django_capture_on_commit_callbacks: Any
    ) -> None:
        request = one(DownloadRequest)
        assert "has not failed: it is pending" in self.act(staff, "retry", request).content.decode()
        request.status, request.failure, request.evaluation_at = "failed", "Broken.", AS_OF
        request.save()
        with django_capture_on_commit_callbacks() as sent:
            assert "1 run again" in self.act(staff, "retry", request).content.decode()
        request.refresh_from_db()
        assert (request.status, request.failure, request.evaluation_at) == ("pending", "", None)
        assert latest().event == "download.retried"
        assert len(sent) == 1

    def test_a_file_is_removed(self, staff: Client, full: None) -> None:
        request = one(DownloadRequest)
        name = default_storage.save("downloads/1/test.csv", ContentFile(b"x"))
        for field, value in {"status": "completed", "row_count": 1, "finished_at": AS_OF, "file_name": name}.items():
            setattr(request, field, value)
        request.save()
        self.act(staff, "withdraw", request)
        request.refresh_from_db()
        assert (request.status, request.file_name) == ("expired", "")
        assert not default_storage.exists(name)
        assert "has no file: it is expired" in self.act(staff, "withdraw", request).content.decode()

    def test_looking_is_not_enough_for_an_action(self, client_for: Any, full: None) -> None:
        clerk = User.objects.create_user("clerk@operator.example", "x", name="Clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_downloadrequest"))
        request = one(DownloadRequest)
        request.status = "failed"
        request.save()
        self.act(client_for(clerk), "retry", request)
        request.refresh_from_db()
        assert request.status == "failed"

    def test_customers_are_counted_again(self, staff: Client, full: None) -> None:
        customer = one(m.Subscription).customer
        assert customer.subscription_count == 0
        self.act(staff, "refresh", customer)
        customer.refresh_from_db()
        assert customer.subscription_count == 1

    def test_a_membership_becomes_the_current_one(self, staff: Client, ours_user: User) -> None:
        second = Membership.objects.create(
            user=ours_user, partner=factories.make_partner("Second"), roles=["admin_agent"]
        )
        self.act(staff, "work_here", second)
        assert User.objects.get(pk=ours_user.pk).current_membership_id == second.pk

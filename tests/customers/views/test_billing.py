"""Billing: months, lines, and the file in the documented columns. Contract §10.3, §13."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, Product, ReconciliationLine, Subscription
from customers.services import reconciliation
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
DOCUMENTED = [
    "PartnerId",
    "CustomerId",
    "CustomerName",
    "CustomerDomainName",
    "CustomerCountry",
    "InvoiceNumber",
    "MpnId",
    "ResellerMpnId",
    "OrderId",
    "OrderDate",
    "ProductId",
    "SkuId",
    "AvailabilityId",
    "SkuName",
    "ProductName",
    "ChargeType",
    "UnitPrice",
    "Quantity",
    "Subtotal",
    "TaxTotal",
    "Total",
    "Currency",
    "PriceAdjustmentDescription",
    "PublisherName",
    "PublisherId",
    "SubscriptionDescription",
    "SubscriptionId",
    "ChargeStartDate",
    "ChargeEndDate",
    "TermAndBillingCycle",
    "EffectiveUnitPrice",
    "UnitType",
    "AlternateId",
    "BillableQuantity",
    "BillingFrequency",
    "PricingCurrency",
    "PCToBCExchangeRate",
    "PCToBCExchangeRateDate",
    "MeterDescription",
    "ReservationOrderId",
    "CreditReasonCode",
    "SubscriptionStartDate",
    "SubscriptionEndDate",
    "ReferenceId",
    "ProductQualifiers",
    "PromotionId",
]  # §10.3, in its order


@pytest.fixture
def client(ours: Scope, client_for: Callable[[User], Client]) -> Client:
    return client_for(person(ours, "billing_admin"))


def person(scope: Scope, *roles: str) -> User:
    return factories.make_member(Partner.objects.get(pk=scope.partner_id), roles=roles)


def row(scope: Scope, name: str = "Business Premium", **fields: Any) -> Subscription:
    values: dict[str, Any] = {
        "unit_price": Decimal(120), "currency": "USD", "effective_start_at": datetime(2026, 11, 20, tzinfo=UTC),
        "commitment_ends_at": datetime(2027, 11, 19, 23, 59, 59, tzinfo=UTC), "order_id": "0f3a", **fields,
    }  # fmt: skip
    return factories.make_subscription(Customer.objects.within(scope).get(), name=name, **values)


def add(scope: Scope, subscription: Subscription, added: int, as_of: datetime) -> ReconciliationLine:
    return reconciliation.quantity_changed(scope, row=subscription, added=added, as_of=as_of)[0]


def export(client: Client, month: str = "2026-11", **filters: str) -> list[dict[str, str]]:
    answer = client.get(f"/billing/{month}/reconciliation.csv", filters)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_months_and_one_of_them(client: Client, ours: Scope, theirs: Scope, as_of: datetime) -> None:
    assert "Nothing was charged yet" in client.get("/billing/").content.decode()
    subscription = row(ours)
    add(ours, subscription, 5, as_of)
    add(ours, subscription, -2, as_of)
    add(ours, row(ours, "No price", unit_price=None), 1, as_of)
    operator = Scope.for_operator()
    reconciliation.credited(operator, row=subscription, licenses=1, reference="2611230040001234", as_of=as_of)
    add(theirs, row(theirs, "Foreign"), 99, as_of)
    body = client.get("/billing/").content.decode()
    for part in ("November 2026", "December 2026", "$45.00", "−$18.00", "$27.00", "−$9.00"):
        assert part in body, part
    answer = client.get("/billing/2026-11/")
    body = answer.content.decode()
    assert [each.charge_type for each in answer.context["table"].records] == [
        "addQuantity",
        "removeQuantity",
        "addQuantity",
    ]
    assert "Not known: what one license costs." in body
    assert "Foreign" not in body
    assert "2611230040001234" in client.get("/billing/2026-12/").content.decode()
    assert "No lines in this month" in client.get("/billing/2026-10/").content.decode()
    assert "<html" not in client.get("/billing/2026-11/", HTTP_HX_REQUEST="true").content.decode()


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "x", "0000-01", "2026-11-01", "２０２６-11"])
def test_no_such_month(client: Client, month: str) -> None:
    for path in (f"/billing/{month}/", f"/billing/{month}/reconciliation.csv"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [("admin_agent", 200), ("billing_admin", 200), ("sales_agent", 403), ("helpdesk_agent", 403)]
)
def test_who_sees_it(ours: Scope, client_for: Callable[[User], Client], role: str, status: int) -> None:
    """§13: invoices and reconciliation are for an admin and for billing people."""
    mine = client_for(person(ours, role))
    for path in ("/billing/", "/billing/2026-11/", "/billing/2026-11/reconciliation.csv"):
        assert mine.get(path).status_code == status
    assert ('data-nav="billing"' in mine.get("/customers/").content.decode()) == (status == 200)


def test_the_list_narrows(client: Client, ours: Scope, as_of: datetime) -> None:
    first = row(ours)
    other = factories.make_customer(Partner.objects.get(pk=ours.partner_id), "Alpine Ski House")
    second = factories.make_subscription(other, name="Visio", unit_price=Decimal(12), currency="USD")
    add(ours, first, 5, as_of)
    add(ours, first, -2, as_of)
    add(ours, second, 3, as_of)

    def shown(**filters: str) -> list[tuple[str, int]]:
        rows = client.get("/billing/2026-11/", filters).context["table"].records
        return [(each.sku_name, each.billable_quantity) for each in rows]

    assert shown(charge_type="addQuantity") == [("Visio", 3), ("Business Premium", 5)]
    assert shown(customer=str(other.tenant_id)) == [("Visio", 3)]
    assert shown(q="alpine") == [("Visio", 3)]
    assert shown(q="fabrikam", charge_type="removeQuantity") == [("Business Premium", -2)]
    assert shown(q="nobody") == []
    assert [r["SkuName"] for r in export(client, q="alpine")] == ["Visio"]
    assert len(export(client, charge_type="addQuantity")) == 2


def test_the_file(client: Client, ours: Scope, as_of: datetime) -> None:
    Product.objects.create(product_id="CFQ7TTC0LCHC", title="Microsoft 365 Business", publisher="Microsoft Corporation")
    subscription = row(
        ours, "=cmd|' /C calc'!A0", partner_of_record="7654321", promotion_id="39NF:0006:084R", is_trial=True
    )
    add(ours, subscription, 5, as_of)
    add(ours, subscription, -2, as_of)
    add(ours, row(ours, "No price", unit_price=None), 1, as_of)
    answer = client.get("/billing/2026-11/reconciliation.csv", {"sort": "when"})
    assert answer["Content-Disposition"] == 'attachment; filename="reconciliation-2026-11.csv"'
    head = b"".join(answer.streaming_content).decode().splitlines()[0]  # type: ignore[attr-defined]
    assert head.split(",") == DOCUMENTED
    plus, minus, unknown = export(client, sort="when")
    partner, customer = Partner.objects.get(pk=ours.partner_id), Customer.objects.within(ours).get()
    assert plus == {
        **dict.fromkeys(DOCUMENTED, ""),
        "PartnerId": str(partner.tenant_id), "CustomerId": str(customer.tenant_id), "CustomerName": "Fabrikam Robotics",
        "CustomerDomainName": customer.domain, "CustomerCountry": "US", "MpnId": partner.mpn_id,
        "ResellerMpnId": "7654321", "OrderId": "0f3a", "ProductId": "CFQ7TTC0LCHC", "SkuId": "0002",
        "AvailabilityId": "CFQ7TTC0X6RN", "SkuName": "'=cmd|' /C calc'!A0", "ProductName": "Microsoft 365 Business",
        "ChargeType": "addQuantity", "UnitPrice": "10.00", "Quantity": "5", "Subtotal": "45.00", "Currency": "USD",
        "PublisherName": "Microsoft Corporation", "SubscriptionDescription": "'=cmd|' /C calc'!A0",
        "SubscriptionId": str(subscription.subscription_id), "ChargeStartDate": "2026-11-23T00:00:00Z",
        "ChargeEndDate": "2026-12-19T23:59:59Z", "TermAndBillingCycle": "One-Year commitment for monthly billing",
        "EffectiveUnitPrice": "9.00", "UnitType": "Licenses", "BillableQuantity": "5", "BillingFrequency": "Monthly",
        "PricingCurrency": "USD", "PCToBCExchangeRate": "1", "SubscriptionStartDate": "2026-11-20T00:00:00Z",
        "SubscriptionEndDate": "2027-11-19T23:59:59Z", "ProductQualifiers": '["Trial"]', "PromotionId": "39NF:0006:084R",
    }  # fmt: skip
    assert (minus["BillableQuantity"], minus["Subtotal"]) == ("-2", "-18.00")  # numbers, not text
    assert (unknown["UnitPrice"], unknown["Subtotal"], unknown["Currency"]) == ("", "", "USD")


def test_another_currency_has_no_rate(client: Client, ours: Scope, as_of: datetime) -> None:
    add(ours, row(ours, currency="EUR"), 1, as_of)
    (line,) = export(client)
    assert (line["PricingCurrency"], line["PCToBCExchangeRate"]) == ("EUR", "")


def test_queries_do_not_grow(client: Client, ours: Scope, as_of: datetime, django_assert_max_num_queries: Any) -> None:
    subscription = row(ours)
    add(ours, subscription, 1, as_of)

    def look() -> None:
        client.get("/billing/")
        client.get("/billing/2026-11/")
        client.get("/billing/2026-11/", {"q": "fabrikam", "charge_type": "addQuantity"})
        export(client)

    look()
    with django_assert_max_num_queries(50) as few:
        look()
    for number in range(60):
        add(ours, row(ours, f"Product {number}"), 1, as_of)
    with django_assert_max_num_queries(len(few)):
        look()
    assert client.get("/billing/2026-11/").context["table"].sheet.span == "1–50 of 61"


def test_no_page_counts_the_lines(
    client: Client, ours: Scope, as_of: datetime, django_assert_max_num_queries: Any
) -> None:
    add(ours, row(ours), 1, as_of)
    client.get("/billing/2026-11/")
    with django_assert_max_num_queries(50) as made:
        client.get("/billing/")
        client.get("/billing/2026-11/")
    about_lines = [q["sql"] for q in made if "customers_reconciliationline" in q["sql"]]
    assert len(about_lines) == 1
    assert "COUNT" not in about_lines[0].upper()
    assert "SUM(" not in about_lines[0].upper()

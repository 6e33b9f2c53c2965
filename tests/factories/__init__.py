"""Rows for tests, with believable defaults. Each returns a saved row."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from customers.models import (
    Customer,
    IndirectReseller,
    PriceList,
    PriceRow,
    Product,
    Promotion,
    PromotionProduct,
    Sku,
    Subscription,
    Transition,
    TransitionEvent,
    UpgradePath,
)
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus
from portal.core.models import Membership, Partner, User
from portal.core.text import fold

AS_OF = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def make_partner(
    name: str = "Contoso Distribution",
    *,
    kind: str = "indirect_provider",
    country: str = "US",
    currency: str = "USD",
    mpn_id: str | None = None,
) -> Partner:
    return Partner.objects.create(
        name=name,
        kind=kind,
        country=country,
        currency=currency,
        tenant_id=uuid.uuid4(),
        mpn_id=mpn_id or str(7000000 + next(_numbers)),
    )


def make_member(
    partner: Partner,
    *,
    roles: tuple[str, ...] = ("sales_agent",),
    email: str | None = None,
    name: str = "Mara König",
    password: str = PASSWORD,
) -> User:
    user = User.objects.create_user(email or f"person{next(_numbers)}@contoso.example", password, name=name)
    user.current_membership = Membership.objects.create(user=user, partner=partner, roles=list(roles))
    user.save(update_fields=["current_membership"])
    return user


def make_staff(*, email: str = "staff@operator.example", password: str = PASSWORD) -> User:
    return User.objects.create_superuser(email, password, name="Operator Staff")


def make_reseller(
    partner: Partner, name: str = "Nod Publishers", mpn_id: str = "7654321", **fields: Any
) -> IndirectReseller:
    values: dict[str, Any] = {"tenant_id": uuid.uuid4(), "country": partner.country, **fields}
    return IndirectReseller.objects.create(partner=partner, name=name, mpn_id=mpn_id, **values)


def make_customer(
    partner: Partner,
    name: str = "Fabrikam Robotics",
    *,
    country: str = "US",
    qualification: str = "None",
    reseller: IndirectReseller | None = None,
    **fields: Any,
) -> Customer:
    values: dict[str, Any] = {
        "tenant_id": uuid.uuid4(),
        "domain": f"{''.join(c for c in fold(name) if c.isascii() and c.isalnum()) or 'customer'}{next(_numbers)}.example",
        "created_at": AS_OF - timedelta(days=400),
        "synced_at": AS_OF,
        "agreement_accepted_at": AS_OF - timedelta(days=400),
        **fields,
    }
    return Customer.objects.create(
        partner=partner, company_name=name, country=country, qualification=qualification, reseller=reseller, **values
    )


def subscription(
    customer: Customer,
    *,
    name: str = "Microsoft 365 Business Premium",
    quantity: int = 10,
    offer_id: str = "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN",
    **fields: Any,
) -> Subscription:
    """An unsaved subscription, for bulk_create."""
    parts = offer_id.split(":")
    values: dict[str, Any] = {
        "subscription_id": uuid.uuid4(),
        "product_id": parts[0] if len(parts) == 3 else "",
        "sku_id": parts[1] if len(parts) == 3 else "",
        "offer_name": name,
        "friendly_name": name,
        "created_at": AS_OF - timedelta(days=275),
        "effective_start_at": AS_OF - timedelta(days=275),
        "commitment_ends_at": AS_OF + timedelta(days=90),
        "status": SubscriptionStatus.ACTIVE,
        "billing_cycle": "monthly",
        "term_duration": "P1Y",
        "end_of_term": EndOfTerm.RENEW,
        "synced_at": AS_OF,
        **fields,
    }
    return Subscription(
        partner_id=customer.partner_id,
        customer=customer,
        offer_id=offer_id,
        quantity=quantity,
        name_key=fold(values["friendly_name"]),
        **values,
    )


def make_subscription(customer: Customer, **fields: Any) -> Subscription:
    row = subscription(customer, **fields)
    row.save()
    return row


def make_sku(title: str = "Microsoft 365 Business Premium", reference: str = "CFQ7TTC0LCHC:0002", **fields: Any) -> Sku:
    product_id, sku_id = reference.split(":")
    product, _ = Product.objects.get_or_create(
        product_id=product_id, defaults={"title": title, "publisher": "Microsoft Corporation"}
    )
    return Sku.objects.create(product=product, sku_id=sku_id, title=title, **fields)


def make_price(
    sku: Sku,
    *,
    unit_price: str = "264.00",
    term: str = "P1Y",
    plan: str = "monthly",
    market: str = "US",
    currency: str = "USD",
    segment: str = "Commercial",
    view: str = "current",
    start: datetime = datetime(2026, 11, 1, tzinfo=UTC),
    end: datetime = datetime(9999, 11, 30, 23, 59, 59, tzinfo=UTC),
    **fields: Any,
) -> PriceRow:
    price_list, _ = PriceList.objects.get_or_create(
        view=view,
        file_name=f"{view}-november-2026.csv",
        defaults={"sha256": "0" * 64, "imported_at": datetime(2026, 11, 1, 6, tzinfo=UTC), "row_count": 0},
    )
    return PriceRow.objects.create(
        price_list=price_list,
        view=view,
        sku=sku,
        term_duration=term,
        billing_plan=plan,
        market=market,
        currency=currency,
        segment=segment,
        unit_price=Decimal(unit_price),
        effective_start_at=start,
        effective_end_at=end,
        **fields,
    )


def make_promotion(
    *,
    promotion_id: str = "39NFJQT26J7Z:0006:084R5MQ9QF1W",
    name: str = "Launch offer",
    covers: tuple[tuple[str, str, str, str, str], ...] = (("CFQ7TTC0LCHC", "0002", "P1Y", "annual", "0.25"),),
    country: str = "US",
    segment: str = "Commercial",
    **fields: Any,
) -> Promotion:
    values: dict[str, Any] = {
        "starts_at": datetime(2026, 1, 5, tzinfo=UTC),
        "ends_at": datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
        "imported_at": AS_OF,
        **fields,
    }
    promotion = Promotion.objects.create(
        promotion_id=promotion_id, name=name, country=country, segment=segment, **values
    )
    for product_id, sku_id, term, cycle, value in covers:
        PromotionProduct.objects.create(
            promotion=promotion,
            product_id=product_id,
            sku_id=sku_id,
            term_duration=term,
            billing_cycle=cycle,
            value=Decimal(value),
        )
    return promotion


def make_path(below: str, above: str, *, month: date = date(2026, 11, 1), **fields: Any) -> UpgradePath:
    """A row of the upgrade list: from `below` up to `above`, both `productId:skuId`."""
    (from_product, from_sku), (to_product, to_sku) = below.split(":"), above.split(":")
    values: dict[str, Any] = {"source": UpgradePath.Source.MANY_TO_ONE, "included_products": [below], **fields}
    return UpgradePath.objects.create(
        month=month, from_product_id=from_product, from_sku_id=from_sku, to_product_id=to_product, to_sku_id=to_sku,
        **values,
    )  # fmt: skip


def make_transition(
    upgraded: Subscription,
    *,
    source: Subscription | None = None,
    source_offer: str = "CFQ7TTC0LDPB:0001:CFQ7TTC0LGNT",
    done_at: datetime = AS_OF - timedelta(days=40),
    **fields: Any,
) -> Transition:
    """A completed upgrade into `upgraded`: from `source`, or of the whole subscription that was `source_offer`."""
    values: dict[str, Any] = {
        "from_catalog_item_id": source.offer_id if source else source_offer,
        "from_subscription_id": (source or upgraded).subscription_id,
        "to_catalog_item_id": upgraded.offer_id,
        "to_subscription_id": upgraded.subscription_id,
        "quantity": upgraded.quantity,
        "transition_type": "transition_only" if source else "transition_with_license_transfer",
        **fields,
    }
    transition = Transition.objects.create(customer=upgraded.customer, **values)
    for name, at in (("Started", done_at - timedelta(minutes=4)), ("Completed", done_at)):
        TransitionEvent.objects.create(transition=transition, name="Conversion", status=name, occurred_at=at)
    return transition

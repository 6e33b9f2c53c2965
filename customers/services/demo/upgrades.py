"""Upgrades that ran, run, or failed, and the duplicates that they left behind (contract §8, §10.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from customers.models import Customer, Subscription, Transition, TransitionEvent, UpgradePath
from customers.rules.vocabulary import SubscriptionStatus
from customers.services.demo import sample_catalog as catalog
from customers.services.demo.dates import at, first_of_month
from customers.services.demo.ids import Ids
from customers.services.demo.sample_catalog import SampleSku
from customers.services.demo.subscriptions import Deal, build

FULL, PARTIAL = "full", "partial"


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """`source` went up to `target` some days ago. The duplicates were there before and still are billed."""

    tenant: str
    customer: str
    source: SampleSku
    target: SampleSku
    quantity: int
    days_ago: int
    ends_in: int
    kind: str = FULL
    left: int = 0  # licenses that stay with the source of a partial upgrade
    conversion: str = "Completed"
    reassignment: str = "Completed"
    error: tuple[int, str] | None = None
    target_status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    duplicates: tuple[Deal, ...] = field(default_factory=tuple)


UPGRADES: tuple[Upgrade, ...] = (
    Upgrade(
        tenant="contoso", customer="Fabrikam Robotics", source=catalog.STANDARD, target=catalog.PREMIUM, quantity=60,
        days_ago=40, ends_in=99,
        duplicates=(
            Deal(item=catalog.STANDARD, quantity=45, ends_in=99, assigned=0),
            Deal(item=catalog.APPS, quantity=15, ends_in=7, assigned=0),
        ),
    ),
    # One of three duplicates renewed three days ago, one has a ticket, one has more licenses than the upgraded
    # subscription.
    Upgrade(
        tenant="contoso", customer="Northwind Traders", source=catalog.BASIC, target=catalog.PREMIUM, quantity=80,
        days_ago=100, ends_in=210,
        duplicates=(
            Deal(item=catalog.BASIC, quantity=80, starts=-3, bought=-368),
            Deal(item=catalog.EXCHANGE_1, quantity=30, ends_in=150),
            Deal(item=catalog.DEFENDER, quantity=90, ends_in=180),
        ),
    ),
    Upgrade(
        tenant="contoso", customer="Wide World Importers", source=catalog.STANDARD, target=catalog.STANDARD_BUNDLE,
        quantity=10, left=30, kind=PARTIAL, days_ago=20, ends_in=160, reassignment="",
    ),
    Upgrade(
        tenant="contoso", customer="Adventure Works Cycles", source=catalog.E3, target=catalog.E5, quantity=40,
        left=85, kind=PARTIAL, days_ago=1, ends_in=270, conversion="InProgress", reassignment="",
    ),
    Upgrade(
        tenant="contoso", customer="Tailspin Toys", source=catalog.BASIC, target=catalog.STANDARD, quantity=22,
        days_ago=3, ends_in=120, conversion="Failed", reassignment="",
        error=(6, "The subscription has add-ons. Remove them first."),
    ),
    # Longer ago than six months.
    Upgrade(
        tenant="contoso", customer="VanArsdel, Ltd.", source=catalog.APPS, target=catalog.PREMIUM, quantity=35,
        days_ago=210, ends_in=140, duplicates=(Deal(item=catalog.BASIC, quantity=35, ends_in=140),),
    ),
    # The duplicate's term is longer than the upgraded subscription's.
    Upgrade(
        tenant="contoso", customer="Woodgrove Bank", source=catalog.STANDARD, target=catalog.PREMIUM, quantity=70,
        days_ago=60, ends_in=300,
        duplicates=(Deal(item=catalog.STANDARD, term="P3Y", cycle="annual", quantity=20, starts=-200),),
    ),
    Upgrade(
        tenant="contoso", customer="Humongous Insurance", source=catalog.STANDARD, target=catalog.PREMIUM, quantity=55,
        days_ago=80, ends_in=180, target_status=SubscriptionStatus.SUSPENDED,
        duplicates=(Deal(item=catalog.APPS, quantity=20, ends_in=90),),
    ),
    Upgrade(
        tenant="contoso", customer="Coho Winery", source=catalog.VISIO_1, target=catalog.VISIO_2, quantity=4,
        days_ago=12, ends_in=230, reassignment="Failed", error=(12, "Some users could not be moved."),
    ),
    Upgrade(
        tenant="adatum", customer="Datum Corporation", source=catalog.BASIC, target=catalog.STANDARD, quantity=90,
        days_ago=50, ends_in=125, duplicates=(Deal(item=catalog.APPS, quantity=40, ends_in=60),),
    ),
)  # fmt: skip


def make_upgrade(
    upgrade: Upgrade, ids: Ids, customer: Customer, *, currency: str, today: date
) -> tuple[list[Subscription], Transition, list[TransitionEvent]]:
    """The subscriptions as they stand now, and the transition with its events. Nothing is saved."""
    done = upgrade.conversion == "Completed"
    placed = Deal(item=upgrade.source, quantity=upgrade.left or upgrade.quantity, ends_in=upgrade.ends_in)
    subscriptions = [build(deal, ids, customer, currency=currency, today=today) for deal in upgrade.duplicates]
    if upgrade.kind == FULL:
        # All licenses: the subscription keeps its id and is now the target product.
        now = replace(placed, item=upgrade.target if done else upgrade.source, status=upgrade.target_status)
        if upgrade.target_status == SubscriptionStatus.SUSPENDED:
            now = replace(now, at_end="off", suspended_because="Customer")
        upgraded = build(now, ids, customer, currency=currency, today=today)
        subscriptions.append(upgraded)
        source_id, target_id = upgraded.subscription_id, upgraded.subscription_id
        source_offer = upgrade.source.offer_id
    else:
        # Some licenses: a second subscription with the same end date and the parent's cancellation window.
        parent = build(placed, ids, customer, currency=currency, today=today)
        child = build(
            replace(placed, item=upgrade.target, quantity=upgrade.quantity), ids, customer, currency=currency,
            today=today,
        )  # fmt: skip
        child.created_at = at(today - timedelta(days=upgrade.days_ago), time(10, 30))
        child.parent_subscription_id = None
        subscriptions += [parent, child] if done else [parent]
        source_id, target_id = parent.subscription_id, child.subscription_id
        source_offer = parent.offer_id
    transition = Transition(
        customer=customer, operation_id=ids.guid(), from_catalog_item_id=source_offer, from_subscription_id=source_id,
        to_catalog_item_id=upgrade.target.offer_id, to_subscription_id=target_id if done else None,
        quantity=upgrade.quantity, term_duration="P1Y", billing_cycle="monthly",
        transition_type="transition_with_license_transfer" if upgrade.kind == FULL else "transition_only",
    )  # fmt: skip
    return (
        subscriptions,
        transition,
        _events(upgrade, transition, at(today - timedelta(days=upgrade.days_ago), time(10, 30))),
    )


def _events(upgrade: Upgrade, transition: Transition, start: datetime) -> list[TransitionEvent]:
    errors = [{"code": upgrade.error[0], "description": upgrade.error[1]}] if upgrade.error else []

    def event(name: str, status: str, minutes: int) -> TransitionEvent:
        return TransitionEvent(
            transition=transition, name=name, status=status, occurred_at=start + timedelta(minutes=minutes),
            errors=errors if status == "Failed" else [],
        )  # fmt: skip

    rows = [event("Conversion", "Started", 0), event("Conversion", upgrade.conversion, 4)]
    if upgrade.reassignment and upgrade.conversion == "Completed":
        rows += [event("LicenseReassignment", "Started", 5), event("LicenseReassignment", upgrade.reassignment, 17)]
    return rows


def make_paths(today: date) -> list[UpgradePath]:
    """The upgrade sheet of this month and the last, and the offer matrix. Not saved."""
    sheets = (
        (first_of_month(today), UpgradePath.Source.MANY_TO_ONE, catalog.UPGRADES),
        # Last month's sheet was shorter: the latest month wins.
        (first_of_month(today, -1), UpgradePath.Source.MANY_TO_ONE, catalog.UPGRADES[:6]),
        (first_of_month(today), UpgradePath.Source.OFFER_MATRIX, catalog.UPGRADES),
    )
    return [
        UpgradePath(
            month=month, source=source, from_product_id=below.product_id, from_sku_id=below.sku_id,
            from_title=below.title, to_product_id=above.product_id, to_sku_id=above.sku_id, to_title=above.title,
            included_products=[item.reference for item in (below, *included)],
        )
        for month, source, paths in sheets
        for below, above, included in paths
    ]  # fmt: skip

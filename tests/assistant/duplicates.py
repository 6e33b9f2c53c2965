"""An upgrade that left duplicates behind, and the words to go through a request about them."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.models import Proposal
from assistant.services import proposals
from customers.models import Customer, Subscription
from tests import factories

PREMIUM, STANDARD, APPS = "CFQ7TTC0LCHC:0002", "CFQ7TTC0LDPB:0001", "CFQ7TTC0LH1G:0001"
CONTACT = "mara@contoso.com, +1 425 555 0100"


@dataclass(frozen=True)
class Left:
    """60 licenses of Business Premium, and what it left: Standard (45), and with `more` Apps for business (15)."""

    customer: Customer
    upgraded: Subscription
    standard: Subscription
    apps: Subscription | None = None

    @property
    def request(self) -> str:
        return (
            f"Cancel the duplicate subscription due to an upgrade for customer {self.customer.tenant_id}. "
            f"The upgraded subscription is {self.upgraded.subscription_id}."
        )

    def all_of(self) -> str:
        ids = ", ".join(str(row.subscription_id) for row in (self.standard, self.apps) if row)
        return (
            f"Cancel the subscription {ids} for customer {self.customer.tenant_id}, as it is a duplicate resulting "
            f"from an upgrade. The upgraded subscription is {self.upgraded.subscription_id}."
        )


def left_behind(customer: Customer, *, more: bool = False, apps: int = 15) -> Left:
    if not factories.UpgradePath.objects.exists():
        factories.make_path(STANDARD, PREMIUM, included_products=[STANDARD, APPS])
    upgraded = factories.make_subscription(customer, quantity=60)
    standard = factories.make_subscription(
        customer, name="Microsoft 365 Business Standard", quantity=45, offer_id=f"{STANDARD}:CFQ7TTC0LGNT",
        unit_price="150.00", currency="USD",
    )  # fmt: skip
    second = None
    if more:
        second = factories.make_subscription(
            customer, name="Microsoft 365 Apps for business", quantity=apps, offer_id=f"{APPS}:CFQ7TTC0XXXX",
            unit_price="99.00", currency="USD",
        )  # fmt: skip
    factories.make_transition(upgraded)
    return Left(customer, upgraded, standard, second)


def waiting() -> Proposal:
    return Proposal.unscoped.order_by("-id")[0]


def code() -> str:
    """The verification ID that is shown to the person now."""
    return proposals.code_of(waiting())

"""An upgrade that left duplicates, in the data of a running portal: what the journeys about duplicates are about.

`left_behind(portal, "Company")` writes it in a process of its own, as an import beside the running portal would.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PREMIUM, STANDARD, APPS = "CFQ7TTC0LCHC:0002", "CFQ7TTC0LDPB:0001", "CFQ7TTC0LH1G:0001"


@dataclass(frozen=True)
class Upgrade:
    """60 licenses of Business Premium that left Standard (45), Apps (15), and Standard for the warehouse (99: too many
    to be a duplicate). All are IDs."""

    company: str
    customer: str
    upgraded: str
    standard: str
    apps: str
    warehouse: str


def left_behind(portal: Any, company: str) -> Upgrade:
    return Upgrade(**_beside(portal, "make", company))


def asked(portal: Any, left: Upgrade) -> str:
    """The number of a request to cancel the Standard that was left behind."""
    found: str = _beside(portal, "ask", left.upgraded, left.standard)
    return found


def change(portal: Any, subscription: str, quantity: int) -> None:
    """The number of licenses changes behind the back of an open request."""
    _beside(portal, "change", subscription, str(quantity))


def tickets_of(portal: Any, customer: str) -> list[str]:
    found: list[str] = _beside(portal, "tickets", customer)
    return found


def _beside(portal: Any, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.upgrades", *arguments],
        cwd=ROOT, env=portal.environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def _make(company: str) -> dict[str, str]:
    from customers.services import duplicates  # noqa: PLC0415 - only after django.setup()
    from portal.core import clock  # noqa: PLC0415
    from portal.core.models import User  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    scope_of = User.objects.get(email="sam.abolrous@contoso.example").current_membership
    now = clock.now()
    times = {
        "created_at": now - timedelta(days=275), "effective_start_at": now - timedelta(days=275),
        "commitment_ends_at": now + timedelta(days=90), "synced_at": now, "currency": "USD",
    }  # fmt: skip
    customer = factories.make_customer(scope_of.partner, company)
    upgraded = factories.make_subscription(customer, quantity=60, offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", **times)
    rows = {
        name: factories.make_subscription(
            customer, name=title, quantity=quantity, offer_id=f"{offer}:CFQ7TTC0Y66T", unit_price="150.00", **times
        )
        for name, title, quantity, offer in (
            ("standard", "Microsoft 365 Business Standard", 45, STANDARD),
            ("apps", "Microsoft 365 Apps for business", 15, APPS),
            ("warehouse", "Warehouse", 99, STANDARD),
        )
    }
    factories.make_transition(upgraded, done_at=now - timedelta(days=40))
    duplicates.refresh(scope_of.scope(), customer_ids=[customer.pk], as_of=now)
    ids = {name: str(row.subscription_id) for name, row in rows.items()}
    return {"company": company, "customer": str(customer.tenant_id), "upgraded": str(upgraded.subscription_id), **ids}


def _ask(upgraded: str, duplicate: str) -> str:
    from customers.services import tickets  # noqa: PLC0415
    from portal.core import clock  # noqa: PLC0415
    from portal.core.models import User  # noqa: PLC0415

    ticket = tickets.request_duplicate_change(
        User.objects.get(email="sam.abolrous@contoso.example").current_membership.scope(),
        upgraded_subscription_id=uuid.UUID(upgraded),
        changes=[tickets.Change(subscription_id=uuid.UUID(duplicate))],
        contact_email="sam.abolrous@contoso.com",
        contact_phone="+1 425 555 0100",
        key="",
        as_of=clock.now(),
    )
    return ticket.ticket_id


def _main(command: str, *arguments: str) -> Any:
    from customers.models import Subscription, Ticket  # noqa: PLC0415

    if command == "make":
        return _make(*arguments)
    if command == "ask":
        return _ask(*arguments)
    if command == "change":
        return Subscription.unscoped.filter(subscription_id=arguments[0]).update(quantity=int(arguments[1]))
    return list(Ticket.unscoped.filter(customer__tenant_id=arguments[0]).values_list("ticket_id", flat=True))


if __name__ == "__main__":
    import os

    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    sys.stdout.write(json.dumps(_main(*sys.argv[1:])) + "\n")

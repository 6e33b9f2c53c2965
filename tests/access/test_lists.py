"""Every page with a list of rows leads to its file. That the file has the rows of the page is tested with the lists."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from customers.models import Sku, Subscription
from customers.services import end_of_term, reconciliation
from portal.core import clock
from portal.core.access import PartnerKind, Role
from portal.core.scope import Scope
from tests import factories
from tests.access.table import TABLE
from tests.access.world import World, make_catalog

pytestmark = pytest.mark.django_db
# Pages with a table that is no list of rows.
NO_LIST = {
    "customers:billing": "the sums of each month, whose lines are a file",
    "customers:cart": "the lines of one cart",
    "customers:cart_review": "the lines of one cart",
    "customers:order": "the lines of one order",
    "customers:partner_of_record": "the entries of one customer; those of all are a filter of the subscriptions",
    "downloads:list": "files",
    "downloads:news": "a part of other pages",
    "downloads:file": "a file",
}
LISTS = {
    "customers:customers", "customers:customer", "customers:subscriptions", "customers:duplicates", "customers:renewals",
    "customers:price_preview", "customers:carts", "customers:orders", "customers:billing_month", "customers:support",
}  # fmt: skip


def test_every_page_with_a_list_leads_to_its_file() -> None:
    make_catalog()
    world = World.of(PartnerKind.INDIRECT_PROVIDER, "Lists", roles=(Role.ADMIN_AGENT,))
    everything = Scope.for_operator()
    end_of_term.refresh(everything, subscription_ids=None, as_of=clock.now())
    # Something for the lists that show only what is wrong.
    soon = clock.now() + timedelta(days=30)
    Subscription.objects.within(everything).filter(pk=world.subscription.pk).update(
        duplicate_of_id=uuid.uuid4(), duplicate_help_until=soon, renewal_preview="dearer", commitment_ends_at=soon
    )
    reconciliation.quantity_changed(
        Scope(partner_id=world.partner.pk), row=world.subscription, added=1, as_of=datetime(2026, 11, 24, tzinfo=UTC)
    )
    factories.make_price(Sku.objects.get(title__endswith="Premium"), view="future", unit_price="300.00")
    browser = Client()
    browser.force_login(world.user, backend="portal.core.auth.MembershipBackend")
    lists, without = set(), set()
    for name, row in TABLE.items():
        if name in NO_LIST or not row.get.endswith(" 200"):
            continue
        response = browser.get(world.address(name))
        if response.streaming:
            continue
        html = response.content.decode()
        if 'class="tbl' in html:
            lists.add(name)
            if "download data-export" not in html:
                without.add(name)
    assert not without
    assert lists == LISTS, "every list was seen with a row in it"

"""Whatever is sent to an address, the answer is one for a person, never an error of ours; twice is once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import CartLine, Order, Subscription
from portal.core.access import PartnerKind, Role
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests.access.table import TABLE
from tests.access.test_isolation import parameters
from tests.access.world import World, make_catalog, signed_in, tried

pytestmark = pytest.mark.django_db
# What has broken forms before, and whatever else there is.
ODD = st.sampled_from([
    "", " ", "0", "-1", "1e9", "9" * 30, "٣", "NaN", "P1Y", "P1Y:monthly", "::", "1|2", "a" * 3000, "<script>", "'; --",
    "\ud800", "\r\n", "﷽", "../../etc/passwd", "%00", "2026-02-30", "9999-12-31", "0001-01-01", "[]", "{}", "null",
    "name", "-name", "next", "eyJhIjoxfQ", "https://elsewhere.example/", "//elsewhere.example", "true", "order", "remove",
])  # fmt: skip
VALUES = st.one_of(ODD, st.text(max_size=40), st.integers().map(str), st.uuids().map(str), st.dates().map(str))
FIELDS = st.dictionaries(st.sampled_from(parameters()), VALUES, max_size=6)
HEADERS = st.sampled_from([
    {}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Target": "table", "HX-Current-URL": "http://[bad"},
    {"Referer": "javascript:alert(1)", "Accept": "*/*"}, {"Accept-Language": "\xfc", "If-None-Match": "W/x"},
])  # fmt: skip


@pytest.fixture
def world(db: None) -> World:
    make_catalog()
    return World.of(PartnerKind.INDIRECT_PROVIDER, "Distribution", roles=tuple(Role.values))


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"signout"}))
@settings(
    max_examples=6, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(fields=FIELDS, query=FIELDS, headers=HEADERS, keeps=st.booleans())
def test_no_request_breaks_a_page(
    world: World, name: str, fields: dict[str, str], query: dict[str, str], headers: dict[str, str], keeps: bool
) -> None:
    """`keeps`: the fields of a good form, with some of them broken."""
    cache.clear()
    client, address = signed_in(world.user), world.address(name)
    client.raise_request_exception = True
    good = TABLE[name].data(world) if keeps else {}
    for method, data in (("get", query), ("post", {**good, **fields})):
        sent = {key: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for key, text in data.items()}
        status, _ = tried(client, method, address, sent, **headers)
        assert status < 500, (name, method, sent)


# What may be sent twice, and what there is of it afterwards.
ONCE = {
    "customers:cart_review": lambda scope: Order.objects.within(scope).exclude(cart=None).count(),
    "customers:subscription_licenses": lambda scope: events("subscription.licenses_reduced"),
    "customers:subscription_cancel": lambda scope: events("subscription.canceled"),
    "customers:subscription_end_of_term": lambda scope: events("subscription.end_of_term_chosen"),
    "customers:subscription_suspension": lambda scope: events("subscription.suspended"),
    "customers:subscription_schedule": lambda scope: events("subscription.change_scheduled"),
    "customers:subscription_record": lambda scope: events("subscription.partner_of_record_changed"),
    "customers:subscription_upgrade": lambda scope: events("subscription.upgraded"),
    "customers:end_of_terms": lambda scope: events("subscription.end_of_term_chosen"),
    "customers:cart_line": lambda scope: events("cart_line.changed"),
    "customers:catalog_add": lambda scope: CartLine.objects.within(scope).count() - 1,
    "downloads:request": lambda scope: events("download.requested"),
    "assistant:change": lambda scope: events("cart_line.changed"),
}  # fmt: skip


def events(name: str) -> int:
    return AuditEvent.objects.filter(event=name).count()


@pytest.mark.parametrize("name", sorted(ONCE))
def test_a_double_click_does_it_once(world: World, name: str) -> None:
    client, data = signed_in(world.user), TABLE[name].data(world)
    address = world.asked(name, TABLE[name].query)
    if name == "customers:catalog_add":
        data["submission_key"] = "6d8bd6a5-6a1c-4fb4-9d0b-2a4ddf6bd36d"
    answers = [client.post(address, data).status_code for _ in range(2)]
    assert all(status < 500 for status in answers)
    assert answers[0] in (200, 302)
    scope: Scope = world.user.current_membership.scope()
    count: Any = ONCE[name](scope)
    assert count == 1, answers
    assert Subscription.objects.within(scope).filter(pk=world.subscription.pk).exists()

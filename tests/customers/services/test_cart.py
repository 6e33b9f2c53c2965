"""The cart: open, add, change, remove, look at."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from customers.models import Cart, CartLine, Customer, Sku
from customers.services import cart as service
from customers.services.cart import CartChanged, CartClosed, CartNotFound, LineRefused
from customers.services.customers import CustomerNotFound
from customers.services.pricing import SkuNotFound
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", unit_price="26.40")
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, plan="annual", unit_price="252.00")
    return sku


@pytest.fixture
def cart(ours: Scope, customer: Customer, as_of: datetime) -> Cart:
    return service.open_for(ours, customer_id=customer.pk, as_of=as_of)


def add(scope: Scope, cart: Cart, sku: Sku, as_of: datetime, **fields: Any) -> CartLine:
    values: dict[str, Any] = {
        "sku_id": sku.pk, "term_duration": "P1Y", "billing_cycle": "monthly", "quantity": 25,
        "submission_key": uuid.uuid4(), **fields,
    }  # fmt: skip
    return service.add_line(scope, cart_id=cart.cart_id, as_of=as_of, **values)


def change(scope: Scope, cart: Cart, as_of: datetime, *, version: int, number: int = 1, **fields: Any) -> CartLine:
    return service.change_line(scope, cart_id=cart.cart_id, number=number, version=version, as_of=as_of, **fields)


def lines(scope: Scope, cart: Cart) -> list[tuple[int, str, str, int]]:
    rows = CartLine.objects.within(scope).filter(cart=cart)
    return list(rows.values_list("number", "term_duration", "billing_cycle", "quantity"))


def version(scope: Scope, cart: Cart) -> int:
    return Cart.objects.within(scope).get(pk=cart.pk).version


def test_a_cart_lives_seven_days(ours: Scope, customer: Customer, cart: Cart, as_of: datetime) -> None:
    assert cart.expires_at == as_of + timedelta(days=7)
    assert service.open_for(ours, customer_id=customer.pk, as_of=as_of + timedelta(days=6)) == cart
    fresh = service.open_for(ours, customer_id=customer.pk, as_of=as_of + timedelta(days=7))
    assert fresh != cart
    assert AuditEvent.objects.filter(event="cart.opened").count() == 2


def test_add_change_remove(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    add(ours, cart, sku, as_of, billing_cycle="annual", quantity="7")
    assert lines(ours, cart) == [(1, "P1Y", "monthly", 25), (2, "P1Y", "annual", 7)]
    change(ours, cart, as_of, version=3, number=1, quantity="30")
    change(ours, cart, as_of, version=4, number=1, term_duration="P1M")
    service.remove_line(ours, cart_id=cart.cart_id, number=2, version=5, as_of=as_of)
    assert lines(ours, cart) == [(1, "P1M", "monthly", 30)]
    assert version(ours, cart) == 6


def test_the_same_submission_adds_once(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    key = uuid.uuid4()
    first = add(ours, cart, sku, as_of, submission_key=key)
    second = add(ours, cart, sku, as_of, submission_key=key)
    assert first == second
    assert len(lines(ours, cart)) == 1
    assert version(ours, cart) == 2
    add(ours, cart, sku, as_of, submission_key=None)
    add(ours, cart, sku, as_of, submission_key=None)
    assert len(lines(ours, cart)) == 3


REFUSED = [
    pytest.param({"quantity": 0}, ["quantity"], id="none"),
    pytest.param({"quantity": "-3"}, ["quantity"], id="negative"),
    pytest.param({"quantity": "ten"}, ["quantity"], id="a word"),
    pytest.param({"quantity": ""}, ["quantity"], id="nothing"),
    pytest.param({"quantity": "9" * 30}, ["quantity"], id="huge"),
    pytest.param({"quantity": 2**31}, ["quantity"], id="more than the database holds"),
    pytest.param({"quantity": 301}, ["quantity"], id="more than the SKU is sold in"),
    pytest.param({"billing_cycle": "triennial"}, ["term_duration"], id="a cycle without a price"),
    pytest.param({"term_duration": "x" * 50}, ["term_duration"], id="no term"),
    pytest.param({"term_duration": "P3Y", "quantity": "0"}, ["quantity", "term_duration"], id="both"),
]


@pytest.mark.parametrize(("fields", "errors"), REFUSED)
def test_refused(ours: Scope, cart: Cart, sku: Sku, as_of: datetime, fields: dict[str, Any], errors: list[str]) -> None:
    Sku.objects.filter(pk=sku.pk).update(max_licenses=300)
    add(ours, cart, sku, as_of)
    for attempt in (
        lambda: add(ours, cart, sku, as_of, **fields),
        lambda: change(ours, cart, as_of, version=2, **fields),
    ):
        with pytest.raises(LineRefused) as refused:
            attempt()
        assert list(refused.value.errors) == errors
        assert all(sentence.endswith(".") for sentence in refused.value.errors.values())
    assert lines(ours, cart) == [(1, "P1Y", "monthly", 25)]
    assert version(ours, cart) == 2


def test_a_product_without_a_price_is_refused(ours: Scope, cart: Cart, as_of: datetime) -> None:
    gone = factories.make_sku("Old Product", "CFQ7TTC0OLDX:0001")
    factories.make_price(gone, view="eos")
    with pytest.raises(LineRefused) as refused:
        add(ours, cart, gone, as_of)
    assert "end of sale" in refused.value.errors["term_duration"]


def test_an_unknown_product(ours: Scope, cart: Cart, as_of: datetime) -> None:
    with pytest.raises(SkuNotFound):
        add(ours, cart, Sku(pk=999_999), as_of)


def test_an_older_version_is_told_who_changed_what(
    ours: Scope, ours_user: User, cart: Cart, sku: Sku, as_of: datetime
) -> None:
    add(ours, cart, sku, as_of)
    colleague = factories.make_member(
        ours_user.current_membership.partner, name="Ana López", email="ana@contoso.example"
    )
    other = colleague.current_membership.scope()
    change(other, cart, as_of + timedelta(minutes=131), version=2, quantity=30)
    with pytest.raises(CartChanged) as changed:
        change(ours, cart, as_of, version=2, quantity=40)
    assert str(changed.value) == (
        "Ana López changed line 1: quantity 25 → 30, at 14:11 UTC. Your change was not saved."
    )
    service.remove_line(other, cart_id=cart.cart_id, number=1, version=3, as_of=as_of + timedelta(minutes=140))
    with pytest.raises(CartChanged, match=r"^Ana López removed line 1 at 14:20 UTC \(2 changes in all\)"):
        service.remove_line(ours, cart_id=cart.cart_id, number=1, version=2, as_of=as_of)
    with pytest.raises(CartChanged, match=r"^You removed line 1 at 14:20 UTC\."):
        change(other, cart, as_of, version=3, quantity=2)


def test_a_line_that_is_gone(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    with pytest.raises(CartNotFound, match="no such line"):
        change(ours, cart, as_of, version=2, number=7, quantity=2)


def test_no_change_is_no_change(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    change(ours, cart, as_of, version=2, quantity="25", term_duration="P1Y", billing_cycle="monthly")
    assert version(ours, cart) == 2
    assert AuditEvent.objects.filter(event="cart_line.changed").count() == 0


@pytest.mark.parametrize("state", ["expired", "ordered"])
def test_a_closed_cart_refuses(ours: Scope, cart: Cart, sku: Sku, as_of: datetime, state: str) -> None:
    add(ours, cart, sku, as_of)
    if state == "ordered":
        Cart.objects.within(ours).update(status="Ordered")
    else:
        as_of += timedelta(days=7)
    for attempt in (
        lambda: add(ours, cart, sku, as_of),
        lambda: change(ours, cart, as_of, version=2, quantity=2),
        lambda: service.remove_line(ours, cart_id=cart.cart_id, number=1, version=2, as_of=as_of),
    ):
        with pytest.raises(CartClosed, match=state):
            attempt()
    shown = service.view(ours, cart_id=cart.cart_id, as_of=as_of)
    assert not shown.is_open
    assert state in shown.closed
    assert len(shown.lines) == 1


@pytest.mark.parametrize(
    "change_of_scope",
    [
        pytest.param({"roles": frozenset({"helpdesk_agent"})}, id="helpdesk agent"),
        pytest.param({"roles": frozenset({"billing_admin"})}, id="billing admin"),
        pytest.param({"partner_kind": "indirect_reseller"}, id="indirect reseller"),
    ],
)
def test_who_may_not_sell_reads_only(
    ours: Scope, cart: Cart, sku: Sku, as_of: datetime, customer: Customer, change_of_scope: dict[str, Any]
) -> None:
    add(ours, cart, sku, as_of)
    reader = replace(ours, **change_of_scope)
    for attempt in (
        lambda: service.open_for(reader, customer_id=customer.pk, as_of=as_of),
        lambda: add(reader, cart, sku, as_of),
        lambda: change(reader, cart, as_of, version=2, quantity=2),
        lambda: service.remove_line(reader, cart_id=cart.cart_id, number=1, version=2, as_of=as_of),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert len(service.view(reader, cart_id=cart.cart_id, as_of=as_of).lines) == 1
    assert lines(ours, cart) == [(1, "P1Y", "monthly", 25)]


def test_strangers_find_nothing(
    theirs: Scope, ours: Scope, cart: Cart, sku: Sku, customer: Customer, as_of: datetime
) -> None:
    add(ours, cart, sku, as_of)
    with pytest.raises(CustomerNotFound):
        service.open_for(theirs, customer_id=customer.pk, as_of=as_of)
    for attempt in (
        lambda: service.view(theirs, cart_id=cart.cart_id, as_of=as_of),
        lambda: add(theirs, cart, sku, as_of),
        lambda: change(theirs, cart, as_of, version=2, quantity=2),
        lambda: service.remove_line(theirs, cart_id=cart.cart_id, number=1, version=2, as_of=as_of),
        lambda: service.view(ours, cart_id=uuid.uuid4(), as_of=as_of),
    ):
        with pytest.raises(CartNotFound):
            attempt()


def test_every_write_is_recorded(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    change(ours, cart, as_of, version=2, quantity=30, billing_cycle="annual")
    service.remove_line(ours, cart_id=cart.cart_id, number=1, version=3, as_of=as_of)
    terms = "1 year, billed monthly", "1 year, billed yearly"
    assert [
        (entry.event, entry.before, entry.after, entry.user_email) for entry in AuditEvent.objects.order_by("pk")
    ] == [
        ("cart.opened", {}, {"version": 1}, "ours@contoso.example"),
        (
            "cart_line.added", {"line": 1},
            {"line": 1, "version": 2, "sku": "CFQ7TTC0LCHC:0002", "terms": terms[0], "quantity": 25},
            "ours@contoso.example",
        ),
        (
            "cart_line.changed", {"line": 1, "terms": terms[0], "quantity": 25},
            {"line": 1, "version": 3, "terms": terms[1], "quantity": 30}, "ours@contoso.example",
        ),
        (
            "cart_line.removed", {"line": 1, "sku": "CFQ7TTC0LCHC:0002", "terms": terms[1], "quantity": 30},
            {"line": 1, "version": 4}, "ours@contoso.example",
        ),
    ]  # fmt: skip
    assert [check["code"] for check in AuditEvent.objects.get(event="cart_line.added").decision] == [
        "quantity", "term_duration",
    ]  # fmt: skip


def test_totals_add_up(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    factories.make_promotion()
    add(ours, cart, sku, as_of)
    add(ours, cart, sku, as_of, billing_cycle="annual", quantity=10)
    doomed = factories.make_sku("Doomed", "CFQ7TTC0LDPB:0001")
    row = factories.make_price(doomed)
    add(ours, cart, doomed, as_of)
    row.withdrawn_at = as_of
    row.save()
    shown = service.view(ours, cart_id=cart.cart_id, as_of=as_of)
    assert [(str(line.quote.per_month), str(line.outcome.discounted)) for line in shown.lines] == [
        ("$550.00", "$550.00"), ("$210.00", "$157.50"), ("None", "None"),
    ]  # fmt: skip
    assert [(str(t.list_price), str(t.promotions), str(t.per_month)) for t in shown.totals] == [
        ("$760.00", "$52.50", "$707.50")
    ]
    assert shown.unpriced == 1
    assert [(q.term_duration, q.billing_cycle) for q in shown.lines[0].options] == [
        ("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"),
    ]  # fmt: skip
    assert "withdrawn" in shown.lines[2].quote.reasons[0]


def test_an_empty_cart(ours: Scope, cart: Cart, as_of: datetime) -> None:
    shown = service.view(ours, cart_id=cart.cart_id, as_of=as_of)
    assert (shown.lines, shown.totals, shown.unpriced, shown.is_open) == ((), (), 0, True)


@pytest.mark.parametrize("many", [1, 30])
def test_queries_do_not_grow(
    ours: Scope, cart: Cart, as_of: datetime, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(many):
        sku = factories.make_sku(f"Product {number}", f"CFQ7TTC0{number:04d}:0001")
        factories.make_price(sku)
        factories.make_promotion(
            promotion_id=f"39NFJQT{number:05d}:0006:X",
            covers=((f"CFQ7TTC0{number:04d}", "0001", "P1Y", "monthly", "0.2"),),
        )
        add(ours, cart, sku, as_of)
    with django_assert_num_queries(10):
        shown = service.view(ours, cart_id=cart.cart_id, as_of=as_of)
        assert all(line.line.sku.reference and line.outcome.applied and line.options for line in shown.lines)
        assert shown.cart.customer.company_name
    assert len(shown.lines) == many


def test_a_change_costs_the_same_in_a_long_cart(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    with CaptureQueriesContext(connection) as short:
        change(ours, cart, as_of, version=2, quantity=30)
    for _ in range(20):
        add(ours, cart, sku, as_of)
    with CaptureQueriesContext(connection) as long:
        change(ours, cart, as_of, version=23, quantity=31)
    assert len(short) == len(long)


def together(*attempts: Any) -> list[Any]:
    """Run each in a thread and connection of its own, started at once; results or the exceptions."""
    results: list[Any] = [None] * len(attempts)
    barrier = Barrier(len(attempts))

    def run(index: int, attempt: Any) -> None:
        barrier.wait()
        try:
            results[index] = attempt()
        except Exception as problem:  # handed to the test
            results[index] = problem
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


concurrent = pytest.mark.skipif(connection.vendor != "postgresql", reason="rows are locked on PostgreSQL")


@concurrent
@pytest.mark.django_db(transaction=True)
def test_of_two_changes_on_one_version_one_wins(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    add(ours, cart, sku, as_of)
    for turn in range(5):
        now = version(ours, cart)
        wanted = [100 + turn * 10 + number for number in range(4)]
        results = together(*[partial(change, ours, cart, as_of, version=now, quantity=number) for number in wanted])
        won = [result for result in results if isinstance(result, CartLine)]
        lost = [result for result in results if isinstance(result, CartChanged)]
        assert (len(won), len(lost)) == (1, 3), results
        assert version(ours, cart) == now + 1
        assert lines(ours, cart)[0][3] == won[0].quantity


@concurrent
@pytest.mark.django_db(transaction=True)
def test_a_double_click_adds_one_line(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    key = uuid.uuid4()
    results = together(*[lambda: add(ours, cart, sku, as_of, submission_key=key) for _ in range(4)])
    assert {result.pk for result in results} == {results[0].pk}
    assert len(lines(ours, cart)) == 1
    others = together(*[lambda: add(ours, cart, sku, as_of) for _ in range(4)])
    assert sorted(line.number for line in others) == [2, 3, 4, 5]


@concurrent
@pytest.mark.django_db(transaction=True)
def test_two_who_open_at_once_get_one_cart(ours: Scope, customer: Customer, as_of: datetime) -> None:
    carts = together(*[lambda: service.open_for(ours, customer_id=customer.pk, as_of=as_of) for _ in range(4)])
    assert len({cart.pk for cart in carts}) == 1

"""A tenant's rows are read in a scope or not at all."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from customers.models import Customer, Subscription
from portal.core.scope import NOBODY, Scope, ScopedModel, UnscopedQuery
from tests import factories
from tests.architecture.sources import PACKAGES, parsed

OWNED_BY_NOBODY = {
    "core.User": "people may work for several partners",
    "core.Partner": "the tenant itself",
    "core.AuditEvent": "outlives its tenant; pages read it through customers.queries.audit, which filters by partner",
    "customers.Product": "catalog",
    "customers.Sku": "catalog",
    "customers.Availability": "catalog",
    "customers.PriceList": "catalog",
    "customers.PriceRow": "catalog",
    "customers.UpgradePath": "catalog",
    "customers.LegacyOfferMapping": "catalog",
    "customers.Promotion": "catalog",
    "customers.PromotionProduct": "catalog",
}
UNSCOPED_MAY_APPEAR_IN: dict[str, str] = {
    "portal/core/scope.py": "defines it",
    "portal/core/scoped_admin.py": "reads reference models, which have no tenant, by their default manager",
}
START_A_QUERY = {"within", "create", "bulk_create", "none"}


def scoped_models() -> list[type[ScopedModel]]:
    return [m for m in apps.get_models() if issubclass(m, ScopedModel)]


def first_party_models() -> list[type[models.Model]]:
    return [m for m in apps.get_models() if m.__module__.split(".")[0] in PACKAGES]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "read",
    [
        list, len, bool,
        lambda q: q.count(), lambda q: q.exists(), lambda q: q.first(), lambda q: q.last(), lambda q: q.get(pk=1),
        lambda q: q.update(status="active"), lambda q: q.delete(), lambda q: list(q.values("id")),
        lambda q: list(q.iterator()), lambda q: q.aggregate(n=models.Count("id")), lambda q: q.in_bulk([1]),
        lambda q: q.filter(pk=1).update(status="active"), lambda q: q.latest("id"), lambda q: q.earliest("id"),
        lambda q: list(q.union(q)), lambda q: list(q.dates("created_at", "day")), lambda q: list(q.select_for_update()),
        lambda q: q.get_or_create(pk=1), lambda q: q.contains(Subscription(pk=1)), lambda q: q.explain(),
    ],
)  # fmt: skip
def test_an_unscoped_read_raises(read: Callable[[Any], Any]) -> None:
    with pytest.raises(UnscopedQuery):
        read(Subscription.objects.all())


def test_a_scope_sees_its_own_rows_only(ours: Scope, theirs: Scope) -> None:
    assert [c.partner_id for c in Customer.objects.within(ours)] == [ours.partner_id]
    assert not Customer.objects.within(NOBODY).exists()
    assert Customer.objects.within(Scope.for_operator()).count() == 2


def test_a_scope_may_be_limited_to_customers(ours: Scope) -> None:
    first = Customer.objects.within(ours).get()
    other = factories.make_customer(first.partner, "Alpine Ski House")
    factories.make_subscription(other)
    limited = Scope(partner_id=ours.partner_id, customer_ids=frozenset({first.pk}))
    assert Customer.objects.within(limited).count() == 1
    assert not Subscription.objects.within(limited).exists()


@pytest.mark.parametrize(
    "join",
    [
        lambda a, b: a | b, lambda a, b: b | a, lambda a, b: a & b, lambda a, b: a ^ b, lambda a, b: a.union(b),
        lambda a, b: a.intersection(b), lambda a, b: a.difference(b),
    ],
)  # fmt: skip
def test_an_unscoped_half_taints_the_whole(ours: Scope, join: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(UnscopedQuery):
        list(join(Subscription.objects.within(ours), Subscription.objects.all()))


def test_a_loaded_parent_carries_the_scope(ours: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    factories.make_subscription(customer)
    assert customer.subscriptions.count() == 1
    assert len(Customer.objects.within(ours).prefetch_related("subscriptions")[0].subscriptions.all()) == 1


@transaction.atomic
def save_and_check(row: Subscription) -> None:
    row.save()
    connection.check_constraints()


@pytest.mark.django_db(transaction=True)
def test_a_subscription_cannot_name_another_partner(ours: Scope, theirs: Scope) -> None:
    """The database holds the pair (customer, partner) together: ADR 0011."""
    row = factories.subscription(Customer.objects.within(ours).get())
    row.partner_id = theirs.partner_id
    with pytest.raises(DatabaseError):
        save_and_check(row)
    assert not Subscription.objects.within(Scope.for_operator()).exists()


def test_the_guard_is_alive() -> None:
    assert len(scoped_models()) >= 18
    assert len(first_party_models()) >= 28


@pytest.mark.parametrize("model", scoped_models(), ids=lambda m: m._meta.label)
def test_the_path_to_the_partner_is_never_null(model: type[ScopedModel]) -> None:
    owner: Any = model
    *steps, last = model.partner_path.removesuffix("_id").split("__")
    for step in [*steps, last]:
        field = owner._meta.get_field(step)
        assert not field.null, f"{model._meta.label}: {step} may be null, so a row could belong to nobody"
        owner = field.related_model
    assert owner._meta.label == "core.Partner"


def test_every_model_is_scoped_or_explained() -> None:
    plain = {m._meta.label for m in first_party_models() if not issubclass(m, ScopedModel)}
    assert plain == set(OWNED_BY_NOBODY), "name the reason, or remove the stale entry"


def test_every_query_of_a_scoped_model_starts_in_a_scope() -> None:
    names = {m.__name__ for m in scoped_models()}
    wrong, found = [], 0
    for path, tree in parsed():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
                continue
            manager = node.value
            if manager.attr != "objects" or not isinstance(manager.value, ast.Name) or manager.value.id not in names:
                continue
            found += 1
            if node.attr not in START_A_QUERY:
                wrong.append(f"{path}:{node.lineno} {manager.value.id}.objects.{node.attr}")
    assert found >= 10
    assert not wrong, "start with .objects.within(scope):\n" + "\n".join(wrong)


def test_unscoped_is_rare_and_each_place_has_a_reason() -> None:
    used = {
        path
        for path, tree in parsed()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"unscoped", "_base_manager", "_default_manager"})
        or (isinstance(node, ast.Name) and node.id == "unscoped")
    }
    assert used == set(UNSCOPED_MAY_APPEAR_IN), "name the reason, or remove the stale entry"


def test_unique_values_are_checked_across_tenants(ours: Scope, theirs: Scope) -> None:
    """A model form may ask whether a value is taken without seeing whose it is."""
    mine = Customer.objects.within(ours).get()
    mine.tenant_id = uuid.uuid4()
    mine.full_clean()

"""Changes to a subscription: allowed by a rule, made once, told to everybody."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Sum

from customers.models import Customer, Subscription
from customers.services import cancellation, quantity_reduction, subscription_bulk
from customers.services import subscription_changes as service
from customers.services.subscription_bulk import Picked
from customers.services.subscription_changes import ScheduleWouldBeLost, SubscriptionChanged
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.decision import NotAllowed
from portal.core.models import AuditEvent, Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
ETAG = "5b1e6c2a9d3f4e70"
CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel", "effectiveDate": None, "instructions": None}]
NEXT = {"product": {"productId": "CFQ7TTC0LCHC", "skuId": "0002", "termDuration": "P3Y"}, "quantity": 8}


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


def window(as_of: datetime, quantity: int, days: float) -> dict[str, Any]:
    return {"quantity": quantity, "allowedUntilDateTime": (as_of + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.fixture
def row(customer: Customer, as_of: datetime) -> Subscription:
    """25 licenses, 9 of which may go in two windows; the cancellation window is open."""
    return factories.make_subscription(
        customer,
        quantity=25,
        etag=ETAG,
        cancellation_allowed_until=as_of + timedelta(days=2),
        refundable_quantity={"totalQuantity": 9, "details": [window(as_of, 4, 2), window(as_of, 5, 5)]},
    )


def fresh(scope: Scope, row: Subscription) -> Subscription:
    return Subscription.objects.within(scope).select_related("customer").get(pk=row.pk)


def change(scope: Scope, row: Subscription, quantity: int | str, as_of: datetime, **fields: Any) -> Subscription:
    values = {"etag": row.etag, **fields}
    return service.change_quantity(scope, subscription_id=row.subscription_id, quantity=quantity, as_of=as_of, **values)


def details(row: Subscription) -> list[tuple[int, str]]:
    return [(entry["quantity"], entry["allowedUntilDateTime"]) for entry in row.refundable_quantity["details"]]


def test_reducing_uses_the_newest_window_first(ours: Scope, row: Subscription, as_of: datetime) -> None:
    change(ours, row, 19, as_of)
    after = fresh(ours, row)
    assert after.quantity == 19
    assert after.refundable_quantity["totalQuantity"] == 3
    assert details(after) == [(3, window(as_of, 3, 2)["allowedUntilDateTime"])]
    assert after.etag not in {ETAG, ""}
    assert after.customer.license_count == 19
    with pytest.raises(NotAllowed) as refused:
        change(ours, after, 15, as_of)
    assert refused.value.decision.failed[0].data == {"errorCode": "900257"}


def test_adding_opens_a_window_of_seven_days(ours: Scope, row: Subscription, as_of: datetime) -> None:
    change(ours, row, "40", as_of)
    after = fresh(ours, row)
    assert (after.quantity, after.customer.license_count) == (40, 40)
    assert details(after)[-1] == (15, window(as_of, 15, 7)["allowedUntilDateTime"])
    later = as_of + timedelta(days=6)
    assert quantity_reduction.explain(ours, subscription_id=row.subscription_id, as_of=later).reducible == 15
    assert change(ours, after, 25, later).quantity == 25


def test_unknown_windows_stay_unknown(ours: Scope, row: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(refundable_quantity=None)
    change(ours, row, 30, as_of)
    assert fresh(ours, row).refundable_quantity is None
    assert quantity_reduction.explain(ours, subscription_id=row.subscription_id, as_of=as_of).reducible is None


def test_what_was_done_is_recorded_with_the_decision(ours: Scope, row: Subscription, as_of: datetime) -> None:
    after = change(ours, row, 20, as_of)
    event = AuditEvent.objects.get(event__startswith="subscription.")
    assert (event.event, event.user_email) == ("subscription.licenses_reduced", "ours@contoso.example")
    assert (event.before["quantity"], event.after["quantity"], event.after["etag"]) == (25, 20, after.etag)
    assert event.before["refundable_quantity"]["totalQuantity"] == 9
    assert {"window", "quantity", "in_service"} <= {check["code"] for check in event.decision}


@pytest.mark.parametrize(
    ("fields", "quantity", "error"),
    [
        pytest.param({}, 301, "2002", id="more than the SKU is sold in"),
        pytest.param({}, 4, "2002", id="fewer than the SKU is sold in"),
        pytest.param({"status": "suspended"}, 30, "2001", id="suspended"),
        pytest.param({"status": "deleted"}, 30, "2011", id="deleted"),
        pytest.param({"commitment_ends_at": factories.AS_OF - timedelta(hours=12)}, 30, "", id="the last day"),
        pytest.param({"commitment_ends_at": factories.AS_OF - timedelta(hours=60)}, 30, "900280", id="out of date"),
        pytest.param(
            {"commitment_ends_at": factories.AS_OF - timedelta(hours=13)}, 30, "900278", id="the renewal runs"
        ),
    ],
)
def test_a_refused_change_writes_nothing(
    ours: Scope, row: Subscription, as_of: datetime, fields: dict[str, Any], quantity: int, error: str
) -> None:
    factories.make_sku(min_licenses=5, max_licenses=300)
    Subscription.objects.within(ours).filter(pk=row.pk).update(**fields)
    if not error:
        assert change(ours, row, quantity, as_of).quantity == quantity
        return
    with pytest.raises(NotAllowed) as refused:
        change(ours, row, quantity, as_of)
    assert error in {check.data["errorCode"] for check in refused.value.decision.failed}
    after = fresh(ours, row)
    assert (after.quantity, after.etag) == (25, ETAG)
    assert not AuditEvent.objects.exists()


def test_the_licenses_of_a_promotion(ours: Scope, row: Subscription, customer: Customer, as_of: datetime) -> None:
    promotion = "39NFJQT26J7Z:0006:084R5MQ9QF1W"
    Subscription.objects.within(ours).filter(pk=row.pk).update(promotion_id=promotion)
    with pytest.raises(NotAllowed, match="Import the promotions"):
        change(ours, row, 26, as_of)
    factories.make_promotion(seat_constraints=[{"type": "SubscriptionQuantity", "minSeats": 1, "maxSeats": 40}])
    factories.make_subscription(customer, name="Another", quantity=10, promotion_id=promotion)
    with pytest.raises(NotAllowed, match="This subscription has a discount applied and the desired quantity is not"):
        change(ours, row, 31, as_of)
    assert change(ours, row, 30, as_of).quantity == 30


def test_a_form_with_an_old_etag_changes_nothing(ours: Scope, row: Subscription, as_of: datetime) -> None:
    first = change(ours, row, 30, as_of)
    with pytest.raises(SubscriptionChanged) as changed:
        change(ours, row, 20, as_of)
    assert str(changed.value) == "You added licenses (25 → 30) at 12:00 UTC. Your change was not saved."
    assert fresh(ours, row).quantity == 30
    service.suspend(ours, subscription_id=row.subscription_id, etag=first.etag, as_of=as_of + timedelta(hours=1))
    with pytest.raises(SubscriptionChanged, match=r"^You suspended this subscription at 13:00 UTC. "):
        change(ours, row, 20, as_of, etag=first.etag)
    with pytest.raises(SubscriptionChanged, match=r"\(2 changes in all\)|suspended this subscription"):
        change(ours, row, 20, as_of, etag="")


def test_who_else_changed_it(ours: Scope, row: Subscription, as_of: datetime) -> None:
    partner = Partner.objects.get(pk=ours.partner_id)
    other = factories.make_member(partner, name="Ada Field").current_membership.scope()
    change(other, row, 30, as_of)
    with pytest.raises(SubscriptionChanged, match=r"^Ada Field added licenses \(25 → 30\)"):
        change(ours, row, 20, as_of)


def test_scheduled_changes_are_lost_only_when_confirmed(ours: Scope, row: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(scheduled_next_term_instructions=NEXT)
    with pytest.raises(ScheduleWouldBeLost) as lost:
        change(ours, row, 30, as_of)
    assert lost.value.losses == ("At the renewal: 8 licenses, 3 years, SKU CFQ7TTC0LCHC:0002.",)
    assert fresh(ours, row).scheduled_next_term_instructions == NEXT
    change(ours, row, 30, as_of, confirmed=True)
    after = fresh(ours, row)
    assert (after.scheduled_next_term_instructions, after.quantity) == (None, 30)
    assert (
        AuditEvent.objects.get(event="subscription.licenses_added").before["scheduled_next_term_instructions"] == NEXT
    )


def test_losing_a_scheduled_cancellation_leads_to_the_extended_term(
    ours: Scope, row: Subscription, as_of: datetime
) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(
        auto_renew_enabled=False, scheduled_actions=CANCEL, end_of_term="cancel"
    )
    after = change(ours, row, 30, as_of, confirmed=True)
    assert (after.scheduled_actions, after.end_of_term) == ([], "silent_est")
    assert fresh(ours, row).customer.est_count == 1


def test_cancel_in_the_window(ours: Scope, row: Subscription, as_of: datetime) -> None:
    service.cancel(ours, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of)
    after = fresh(ours, row)
    assert (after.status, after.auto_renew_enabled, after.refundable_quantity) == ("deleted", False, None)
    assert (after.end_of_term, after.customer.license_count) == ("not_applicable", 0)
    assert AuditEvent.objects.filter(event="subscription.canceled").count() == 1
    decision = cancellation.explain(ours, subscription_id=row.subscription_id, as_of=as_of)
    assert decision.failed[0].data == {"errorCode": "2011"}


def test_a_canceled_duplicate_is_none_any_more(ours: Scope, row: Subscription, as_of: datetime) -> None:
    stored = {"duplicate_of_id": uuid.uuid4(), "duplicate_help_until": as_of, "partner_of_record_state": "missing"}
    Subscription.objects.within(ours).filter(pk=row.pk).update(**stored)
    service.cancel(ours, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of)
    after = fresh(ours, row)
    assert (after.duplicate_of_id, after.duplicate_help_until) == (None, None)
    assert after.partner_of_record_state != "missing"


def test_not_after_the_window(ours: Scope, row: Subscription, as_of: datetime) -> None:
    with pytest.raises(NotAllowed) as refused:
        service.cancel(ours, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of + timedelta(days=3))
    assert refused.value.decision.failed[0].data == {"errorCode": "900117"}
    assert fresh(ours, row).status == "active"


CHOICES = [
    pytest.param("cancel", False, "Cancel", "cancel", id="§3.5 cancel"),
    pytest.param("est", False, "RenewToExtendedServiceTerm", "est", id="§3.5 EST"),
    pytest.param("renew", True, "", "renew", id="§3.5 renew"),
]


@pytest.mark.parametrize(("choice", "auto_renew", "action", "outcome"), CHOICES)
def test_the_choice_for_the_end_of_the_term(
    ours: Scope, row: Subscription, as_of: datetime, choice: str, auto_renew: bool, action: str, outcome: str
) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(
        auto_renew_enabled=False, end_of_term="silent_est", scheduled_actions=[]
    )
    after = service.choose_end_of_term(ours, subscription_id=row.subscription_id, choice=choice, etag=ETAG, as_of=as_of)
    assert (after.auto_renew_enabled, after.end_of_term) == (auto_renew, outcome)
    assert [entry["actionType"] for entry in after.scheduled_actions] == ([action] if action else [])
    assert [entry["scheduleType"] for entry in after.scheduled_actions] == (["TermEnd"] if action else [])
    again = service.choose_end_of_term(
        ours, subscription_id=row.subscription_id, choice=choice, etag=after.etag, as_of=as_of
    )
    assert again.etag == after.etag
    assert AuditEvent.objects.count() == 1


def test_an_extended_offer_is_named_where_there_is_one(ours: Scope, row: Subscription, as_of: datetime) -> None:
    factories.make_price(factories.make_sku("Extended", "CFQ7TTC0LCHC:00EX"), term="P1M", view="est")
    after = service.choose_end_of_term(ours, subscription_id=row.subscription_id, choice="est", etag=ETAG, as_of=as_of)
    instructions = after.scheduled_actions[0]["instructions"]
    assert (instructions["product"]["skuId"], instructions["quantity"]) == ("00EX", 25)


def test_a_choice_deletes_what_is_scheduled_for_the_next_term(ours: Scope, row: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(scheduled_next_term_instructions=NEXT)
    choose = partial(
        service.choose_end_of_term, ours, subscription_id=row.subscription_id, choice="cancel", etag=ETAG, as_of=as_of
    )
    with pytest.raises(ScheduleWouldBeLost):
        choose()
    assert choose(confirmed=True).scheduled_next_term_instructions is None


def test_suspend_and_reactivate(ours: Scope, row: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(next_charge_instructions={"quantity": 25})
    suspended = service.suspend(ours, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of)
    assert (suspended.status, suspended.auto_renew_enabled, suspended.end_of_term) == ("suspended", False, "lapse")
    assert suspended.next_charge_instructions == {"quantity": 25}
    decision = quantity_reduction.explain(ours, subscription_id=row.subscription_id, as_of=as_of)
    assert (decision.reducible, decision.failed[0].data["errorCode"]) == (None, "2001")
    active = service.reactivate(ours, subscription_id=row.subscription_id, etag=suspended.etag, as_of=as_of)
    assert (active.status, active.auto_renew_enabled, active.end_of_term) == ("active", False, "silent_est")
    assert quantity_reduction.explain(ours, subscription_id=row.subscription_id, as_of=as_of).reducible == 9


WRITES: list[Callable[[Scope, Subscription, datetime], Any]] = [
    lambda scope, row, as_of: change(scope, row, 30, as_of),
    lambda scope, row, as_of: service.cancel(scope, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of),
    lambda scope, row, as_of: service.choose_end_of_term(
        scope, subscription_id=row.subscription_id, choice="cancel", etag=ETAG, as_of=as_of
    ),
    lambda scope, row, as_of: service.suspend(scope, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of),
    lambda scope, row, as_of: service.reactivate(scope, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of),
]


@pytest.mark.parametrize("write", WRITES)
def test_nobody_else_writes(
    ours: Scope, theirs: Scope, row: Subscription, as_of: datetime, write: Callable[..., Any]
) -> None:
    with pytest.raises(SubscriptionNotFound):
        write(theirs, row, as_of)
    for roles, kind in (({"helpdesk_agent"}, "direct_bill"), ({"billing_admin"}, "direct_bill"),
                        ({"admin_agent"}, "indirect_reseller")):  # fmt: skip
        with pytest.raises(PermissionDenied):
            write(Scope(partner_id=ours.partner_id, roles=frozenset(roles), partner_kind=kind), row, as_of)
    assert fresh(ours, row).etag == ETAG


def test_the_operator_executes_without_a_window(ours: Scope, row: Subscription, as_of: datetime) -> None:
    late, operator = as_of + timedelta(days=60), Scope.for_operator()
    execute = partial(service.execute_reduce, subscription_id=row.subscription_id, ticket_id="1", as_of=late)
    with pytest.raises(PermissionDenied):
        execute(ours, to_quantity=5)
    with pytest.raises(NotAllowed):
        execute(operator, to_quantity=0)
    after = execute(operator, to_quantity=5)
    assert (after.quantity, after.refundable_quantity["totalQuantity"]) == (5, 0)
    event = AuditEvent.objects.get(event="subscription.licenses_reduced")
    assert (event.partner_id, event.after["reason"]) == (ours.partner_id, "Ticket 1")
    gone = service.execute_cancel(operator, subscription_id=row.subscription_id, ticket_id="2", as_of=late)
    assert (gone.status, fresh(ours, row).customer.license_count) == ("deleted", 0)
    with pytest.raises(PermissionDenied):
        service.execute_cancel(ours, subscription_id=row.subscription_id, ticket_id="3", as_of=late)


def test_the_operator_says_whose(ours: Scope, theirs: Scope, row: Subscription, as_of: datetime) -> None:
    """Two partners may have imported the same subscription."""
    factories.make_subscription(Customer.objects.within(theirs).get(), subscription_id=row.subscription_id)
    execute = partial(
        service.execute_cancel, Scope.for_operator(), subscription_id=row.subscription_id, ticket_id="3", as_of=as_of
    )
    with pytest.raises(SubscriptionNotFound):
        execute()
    assert execute(partner_id=ours.partner_id).partner_id == ours.partner_id
    assert Subscription.objects.within(theirs).get().status == "active"


def test_an_unknown_subscription(ours: Scope, as_of: datetime) -> None:
    for explain in (cancellation.explain, quantity_reduction.explain):
        with pytest.raises(SubscriptionNotFound):
            explain(ours, subscription_id=uuid.uuid4(), as_of=as_of)


def together(*attempts: Callable[[], Any]) -> list[Any]:
    """Run each in a thread and connection of its own, started at once; results or the exceptions."""
    results: list[Any] = [None] * len(attempts)
    barrier = Barrier(len(attempts))

    def run(index: int, attempt: Callable[[], Any]) -> None:
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
def test_of_two_reductions_of_the_same_licenses_one_wins(ours: Scope, row: Subscription, as_of: datetime) -> None:
    """Both want all that the windows hold."""
    results = together(*[lambda: change(ours, row, 16, as_of) for _ in range(2)])
    won = [result for result in results if isinstance(result, Subscription)]
    lost = [result for result in results if isinstance(result, SubscriptionChanged)]
    assert (len(won), len(lost)) == (1, 1), results
    assert "removed licenses (25 → 16)" in str(lost[0])
    after = fresh(ours, row)
    assert (after.quantity, after.refundable_quantity["totalQuantity"]) == (16, 0)
    assert AuditEvent.objects.filter(event__startswith="subscription.").count() == 1


@concurrent
@pytest.mark.django_db(transaction=True)
def test_a_reduction_and_a_cancellation_at_once(ours: Scope, row: Subscription, as_of: datetime) -> None:
    results = together(
        lambda: change(ours, row, 20, as_of),
        lambda: service.cancel(ours, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of),
    )
    assert sorted(type(result).__name__ for result in results) == ["Subscription", "SubscriptionChanged"], results


@concurrent
@pytest.mark.django_db(transaction=True)
def test_changes_of_one_customer_leave_the_summary_right(
    ours: Scope, row: Subscription, customer: Customer, as_of: datetime
) -> None:
    others = [factories.make_subscription(customer, name=f"Number {n}", etag=ETAG) for n in range(3)]
    results = together(*[partial(change, ours, each, 40, as_of) for each in [row, *others]])
    assert all(isinstance(result, Subscription) for result in results), results
    total = Subscription.objects.within(ours).aggregate(total=Sum("quantity"))["total"]
    assert fresh(ours, row).customer.license_count == total == 160


@concurrent
@pytest.mark.django_db(transaction=True)
def test_a_choice_for_the_end_of_the_term_and_a_reduction_at_once(
    ours: Scope, row: Subscription, as_of: datetime
) -> None:
    results = together(
        lambda: change(ours, row, 20, as_of),
        lambda: service.choose_end_of_term(
            ours, subscription_id=row.subscription_id, choice="cancel", etag=ETAG, as_of=as_of
        ),
    )
    assert sorted(type(result).__name__ for result in results) == ["Subscription", "SubscriptionChanged"], results
    assert AuditEvent.objects.filter(event__startswith="subscription.").count() == 1


@concurrent
@pytest.mark.django_db(transaction=True)
def test_a_choice_for_many_and_one_for_a_single_at_once(
    ours: Scope, row: Subscription, customer: Customer, as_of: datetime
) -> None:
    """The one that comes second is told, and the others of the many are changed all the same."""
    others = [factories.make_subscription(customer, name=f"Number {n}", etag=ETAG) for n in range(3)]
    picked = [Picked(subscription_id=each.subscription_id, etag=ETAG) for each in [*others, row]]
    many, single = together(
        lambda: subscription_bulk.choose(ours, choice="cancel", picked=picked, as_of=as_of),
        lambda: service.choose_end_of_term(
            ours, subscription_id=row.subscription_id, choice="est", etag=ETAG, as_of=as_of
        ),
    )
    single_won = isinstance(single, Subscription)
    assert len(many.changed) == (3 if single_won else 4), (many, single)
    assert single_won or isinstance(single, SubscriptionChanged)
    assert [name for name, _ in many.refused] == ([row.friendly_name] if single_won else [])
    assert fresh(ours, row).end_of_term == ("est" if single_won else "cancel")

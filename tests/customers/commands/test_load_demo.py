"""The demo data shows every state, is the same for the same seed and day, and grows in bounded memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse

from customers.management.commands.load_demo import TRIAL_PASSWORD
from customers.models import (
    OPEN_END,
    Cart,
    Customer,
    IndirectReseller,
    Order,
    OrderLine,
    PriceList,
    PriceRow,
    PromotionAssignment,
    ReconciliationLine,
    ReconciliationMonth,
    Subscription,
    Ticket,
    Transition,
    TransitionEvent,
)
from customers.rules.vocabulary import EndOfTerm, PartnerOfRecord, PriceView, SubscriptionStatus
from customers.services import cart as cart_service
from customers.services import customers as customer_service
from customers.services import duplicates, end_of_term, partner_of_record, renewals, ticket_processing
from customers.services.demo import companies, mix
from customers.services.demo.load import DemoRefused, count, load
from portal.core.access import PartnerKind, Role
from portal.core.models import AuditEvent, Membership, Partner, User
from portal.core.scope import Scope
from tests import factories

EVERYTHING = Scope.for_operator()
TODAY = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
SUMMARY = customer_service.SUMMARY


def load_small(*, seed: int = 1, as_of: datetime = TODAY, **wanted: int | None) -> Any:
    return load(
        customers=wanted.get("customers"), subscriptions=wanted.get("subscriptions"), seed=seed,
        password="a password for tests", as_of=as_of, progress=lambda _text: None,
    )  # fmt: skip


def subscriptions() -> models.QuerySet[Subscription]:
    return Subscription.objects.within(EVERYTHING)


def signs_in(client: Client, email: str, password: str) -> bool:
    answer = client.post(reverse("signin"), {"username": email, "password": password})
    return answer.status_code == 302 and "_auth_user_id" in client.session


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture(scope="class")
def demo(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The small demo, once for the tests that only read it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_small()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def read_demo(demo: None, db: None) -> None:
    """Each test in a transaction of its own, over the demo."""


@pytest.mark.usefixtures("read_demo")
class TestSmall:
    def test_one_tenant_of_each_kind_with_its_currency(self) -> None:
        found = dict(Partner.objects.values_list("kind", "currency"))
        assert found == {
            PartnerKind.DIRECT_BILL: "EUR",
            PartnerKind.INDIRECT_PROVIDER: "USD",
            PartnerKind.INDIRECT_RESELLER: "CAD",
        }

    def test_every_role_in_every_tenant_and_somebody_in_two(self) -> None:
        for partner in Partner.objects.all():
            roles = Membership.objects.within(EVERYTHING).filter(partner=partner).values_list("roles", flat=True)
            assert {role for some in roles for role in some} == set(Role.values)
        both = User.objects.get(email=companies.TWO_TENANTS.email)
        assert Membership.objects.within(EVERYTHING).filter(user=both).count() == 2
        assert User.objects.filter(is_staff=True).count() == 1

    def test_tens_of_customers_and_hundreds_of_subscriptions(self) -> None:
        customers, held = count()
        assert 40 <= customers < 100
        assert 300 <= held < 1000
        assert Partner.objects.get(kind=PartnerKind.INDIRECT_PROVIDER).customer_count > 30

    def test_only_two_customers_have_nothing(self) -> None:
        empty = Customer.objects.within(EVERYTHING).filter(subscription_count=0)
        assert set(empty.values_list("company_name", flat=True)) == companies.WITHOUT_SUBSCRIPTIONS

    def test_every_status_and_every_outcome(self) -> None:
        assert set(subscriptions().values_list("status", flat=True)) == {s.value for s in SubscriptionStatus}
        assert set(subscriptions().values_list("end_of_term", flat=True)) == {e.value for e in EndOfTerm}

    def test_every_outcome_of_a_partner_of_record(self) -> None:
        found = set(subscriptions().values_list("partner_of_record_state", flat=True))
        assert found == {"", *PartnerOfRecord} - {PartnerOfRecord.REGION_UNKNOWN}

    def test_every_term_with_every_billing_cycle(self) -> None:
        found = set(subscriptions().values_list("term_duration", "billing_cycle"))
        assert found >= {
            ("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"), ("P3Y", "monthly"), ("P3Y", "annual"),
            ("P3Y", "triennial"), ("P1Y", "one_time"), ("P3Y", "one_time"), ("P1M", "none"), ("", "monthly"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        "state",
        [
            {"is_trial": True, "status": "active"},
            {"is_trial": True, "scheduled_next_term_instructions__isnull": False},
            {"product_id": "", "auto_renew_enabled": True, "status": "active"},
            {"product_id": "", "end_of_term": "lapse"},
            {"product_type": "SoftwareSubscriptions", "end_of_term": "lapse"},
            {"commitment_ends_at": OPEN_END, "billing_type": "usage"},
            {"cancellation_allowed_until__gt": TODAY, "refundable_quantity__totalQuantity__gt": 0},
            {"cancellation_allowed_until__gt": TODAY, "refundable_quantity__isnull": True},
            {"cancellation_allowed_until__lt": TODAY, "refundable_quantity__totalQuantity": 5},
            {"cancellation_allowed_until__lt": TODAY, "refundable_quantity__totalQuantity": 0},
            {"refundable_quantity__details__1__isnull": False},
            {"status": "suspended", "refundable_quantity__isnull": True, "suspension_reasons": ["Customer"]},
            {"scheduled_next_term_instructions__quantity__isnull": False, "is_trial": False},
            {"scheduled_next_term_instructions__product__promotionId__isnull": False},
            {"scheduled_actions__0__actionType": "RenewToNewTerm"},
            {"scheduled_actions__0__actionType": "Transition"},
            {"scheduled_actions__0__actionType": "Cancel"},
            {"scheduled_actions__0__actionType": "RenewToExtendedServiceTerm"},
            {"next_charge_instructions__quantity__isnull": False},
            {"sku_id__startswith": "E", "term_duration": "P1M"},  # runs in the extended term
            {"promotion_id": "39NFJQT26J7Z:0006:084R5MQ9QF1W"},
            {"migrated_from_subscription_id__isnull": False},
            {"custom_term_ends_at__isnull": False},
            {"contract_type": "productKey"},
            {"attention_needed": True},
            {"assigned_licenses__gt": models.F("quantity")},
            {"assigned_licenses": None, "billing_type": "license", "status": "active"},
            {"partner_of_record": "7654321"},
            {"partner_of_record": "7654323"},  # the reseller is not active
            {"partner_of_record": "6620417"},  # in another region
            {"partner_of_record": "1234567"},  # a global account
            {"partner_of_record": "5512890"},  # the distributor itself
            {"partner_of_record": "9999999"},  # nobody
            {"partner_of_record": "", "partner__kind": "indirect_provider"},
            {"end_of_term": "silent_est", "sku_id": "0002", "product_id": "CFQ7TTC0LFLS"},  # without a monthly plan
            {"offer_id__startswith": "CFQ7TTC0HDB0"},  # left sale
        ],
        ids=str,
    )
    def test_a_subscription_in_the_state(self, state: dict[str, Any]) -> None:
        assert subscriptions().filter(**state).exists()

    def test_renewals_within_30_60_and_90_days(self) -> None:
        renewing = subscriptions().filter(status="active", end_of_term="renew")
        for days in (0, 30, 60):
            soon = TODAY + timedelta(days=days), TODAY + timedelta(days=days + 30)
            assert renewing.filter(commitment_ends_at__range=soon).exists()

    def test_resellers_of_each_sort(self) -> None:
        found = IndirectReseller.objects.within(EVERYTHING)
        assert found.filter(state="Active", country="US", is_location_account=True).exists()
        assert found.exclude(state="Active").exists()
        assert found.exclude(country="US").exists()
        assert found.filter(is_location_account=False).exists()

    def test_names_that_are_hard(self) -> None:
        names = set(Customer.objects.within(EVERYTHING).values_list("company_name", flat=True))
        assert any(name.startswith("=") for name in names)
        assert any(set("&\"'") <= set(name) for name in names)
        assert any("\u0600" <= name[0] <= "\u06ff" for name in names)
        assert any("<" in name for name in names)
        assert any(len(name) > 70 for name in names)
        twice = Customer.objects.within(EVERYTHING).filter(company_name="Northwind Traders")
        assert twice.values("partner").distinct().count() == 2

    def test_upgrades_done_running_and_failed_with_duplicates_left(self) -> None:
        conversions = TransitionEvent.objects.within(EVERYTHING).filter(name="Conversion")
        assert set(conversions.values_list("status", flat=True)) == {"Started", "InProgress", "Completed", "Failed"}
        upgrade = Transition.objects.within(EVERYTHING).get(customer__company_name="Fabrikam Robotics")
        upgraded = subscriptions().get(subscription_id=upgrade.to_subscription_id)
        assert (upgraded.quantity, upgraded.status) == (60, "active")
        left = subscriptions().filter(customer=upgraded.customer, status="active", quantity__in=(45, 15))
        assert {row.offer_name for row in left} == {
            "Microsoft 365 Business Standard",
            "Microsoft 365 Apps for business",
        }

    def test_duplicates_to_ask_for_in_every_case(self) -> None:
        """Free ones, one still in its window, one that cannot be canceled beside those that can, one in a ticket."""
        contoso = Scope(partner_id=Partner.objects.get(name=companies.CONTOSO.name).pk)
        found = {
            name: duplicates.candidates(contoso, upgraded_subscription_id=upgrade.to_subscription_id, as_of=TODAY)
            for name in ("Fabrikam Robotics", "Northwind Traders")
            for upgrade in Transition.objects.within(contoso).filter(customer__company_name=name)
            if upgrade.to_subscription_id
        }
        fabrikam, northwind = found["Fabrikam Robotics"], found["Northwind Traders"]
        assert sum(each.verdict.allowed for each in fabrikam) >= 2
        assert all(each.verdict.allowed for each in fabrikam)
        free = [each.subscription for each in northwind if each.verdict.allowed]
        assert any((row.cancellation_allowed_until or TODAY) > TODAY for row in free)
        assert [c.code for each in northwind if not each.verdict.is_duplicate for c in each.verdict.failed] == [
            "license_count"
        ]
        assert sum(bool(each.verdict.in_ticket) for each in northwind) == 1
        assert sum(bool(each.verdict.in_ticket) for each in fabrikam) == 0

    def test_a_ticket_for_a_duplicate_can_be_approved(self) -> None:
        rows = Ticket.objects.within(EVERYTHING).filter(kind="duplicate")
        assert not rows.filter(upgraded_subscription_id=None).exists()
        assert all(ticket.decision for ticket in rows if ticket.closed_at is None)
        waiting = rows.get(step="submitted")
        decision = ticket_processing.explain(EVERYTHING, ticket_id=waiting.ticket_id, as_of=TODAY)
        assert decision.allowed, decision.reasons

    def test_orders_with_and_without_a_promotion(self) -> None:
        lines = OrderLine.objects.within(EVERYTHING)
        assert lines.filter(promotion_id="").exists()
        reduced = lines.exclude(promotion_id="").first()
        assert reduced is not None
        assert reduced.unit_price < reduced.list_price
        assert Order.objects.within(EVERYTHING).filter(status="pending").exists()

    def test_carts_open_ordered_expired_and_empty(self) -> None:
        carts = Cart.objects.within(EVERYTHING)
        assert carts.filter(status="Active", expires_at__gt=TODAY, lines__isnull=False).exists()
        assert carts.filter(status="Active", expires_at__lt=TODAY).exists()
        assert carts.filter(status="Active", lines=None).exists()
        assert carts.filter(status="Ordered").exists()

    def test_the_cart_of_fabrikam_has_and_misses_promotions_in_every_way(self) -> None:
        contoso = Partner.objects.get(name=companies.CONTOSO.name)
        cart = Cart.objects.within(EVERYTHING).get(customer__company_name="Fabrikam Robotics")
        view = cart_service.view(Scope(partner_id=contoso.pk), cart_id=cart.cart_id, as_of=TODAY)
        applied = [line.outcome.applied.name if line.outcome.applied else "" for line in view.lines]
        assert [name[:13] for name in applied] == ["Bundle & Save", "", "Teams Premium", "", "", ""]
        failed = [{check.code for check in line.outcome.decision.failed} for line in view.lines]
        assert [bool(codes) for codes in failed] == [False, True, False, True, True, True]
        assert [sorted(codes) for codes in failed if codes] == [
            ["Term"], ["SeatCount"], ["OfferPurchasedPreviously"], ["NoPromotionsAvailable"],
        ]  # fmt: skip
        assert not view.unpriced

    def test_tickets_in_every_state(self) -> None:
        rows = Ticket.objects.within(EVERYTHING)
        assert set(rows.values_list("status", flat=True)) == set(Ticket.Status.values)
        assert set(rows.values_list("step", flat=True)) == set(Ticket.Step.values)
        asked = rows.filter(kind="duplicate")
        assert set(asked.values_list("step", flat=True)) == {"submitted", "in_review", "approved", "declined"}
        assert all(ticket.actions.count() == 1 for ticket in asked)

    def test_reconciliation_lines_of_every_event(self) -> None:
        lines = ReconciliationLine.objects.within(EVERYTHING)
        assert set(lines.values_list("charge_type", flat=True)) == {
            "new", "addQuantity", "removeQuantity", "cancelImmediate", "convert", "customerCredit",
        }  # fmt: skip
        assert lines.filter(subtotal=None).exists()
        contoso = Partner.objects.get(name=companies.CONTOSO.name)
        assert ReconciliationMonth.objects.within(Scope(partner_id=contoso.pk)).count() >= 3
        credit = lines.get(charge_type="customerCredit")
        assert Ticket.objects.within(EVERYTHING).get(ticket_id=credit.reference_id).step == "approved"

    def test_targeted_promotions_are_assigned(self) -> None:
        assert PromotionAssignment.objects.within(EVERYTHING).filter(promotion__is_targeted=True).count() > 5

    def test_audit_entries_tell_of_it(self) -> None:
        events = set(AuditEvent.objects.values_list("event", flat=True))
        assert {"price_list.imported", "cart.created", "ticket.created"} <= events

    def test_price_lists_of_every_view_say_that_they_are_samples(self) -> None:
        lists = dict(PriceList.objects.values_list("view", "file_name"))
        assert set(lists) == {v.value for v in PriceView}
        assert all("sample" in name for name in lists.values())
        currencies = set(PriceRow.objects.filter(view="current").values_list("currency", flat=True))
        assert {"USD", "CAD", "GBP", "EUR"} <= currencies
        segments = set(PriceRow.objects.values_list("segment", flat=True))
        assert {"Commercial", "Education", "Charity"} <= segments

    def test_a_year_billed_monthly_costs_five_percent_more_and_a_month_twenty(self) -> None:
        rows = PriceRow.objects.filter(
            sku__product__product_id="CFQ7TTC0LCHC", sku__sku_id="0002", market="US", view="current",
            segment="Commercial",
        )  # fmt: skip
        price = {(row.term_duration, row.billing_plan): row.unit_price for row in rows}
        assert price["P1Y", "monthly"] == price["P1Y", "annual"] * 105 / 100
        assert price["P1M", "monthly"] * 12 == price["P1Y", "annual"] * 120 / 100

    def test_two_rows_of_a_price_overlap(self) -> None:
        valid = PriceRow.objects.filter(
            sku__title="Visio Plan 2", market="US", term_duration="P1Y", billing_plan="annual",
            effective_start_at__lte=TODAY, effective_end_at__gt=TODAY, view="current",
        )  # fmt: skip
        assert valid.count() == 2

    def test_stored_outcomes_and_summaries_are_those_of_the_services(self) -> None:
        assert_stored_is_decided()

    def test_everybody_can_sign_in(self) -> None:
        emails = {person.email for sample in companies.PARTNERS for person in sample.people}
        emails |= {companies.TWO_TENANTS.email, companies.STAFF[0]}
        assert set(User.objects.values_list("email", flat=True)) == emails
        for email in sorted(emails)[:3]:
            assert signs_in(Client(), email, "a password for tests")


def assert_stored_is_decided() -> None:
    """Working everything out again finds nothing to change."""
    as_of = TODAY.replace(hour=0, minute=0)
    assert renewals.refresh(EVERYTHING, subscription_ids=None, as_of=as_of) == 0
    assert end_of_term.refresh(EVERYTHING, subscription_ids=None, as_of=as_of) == 0
    assert partner_of_record.refresh(EVERYTHING, customer_ids=None, as_of=as_of) == 0
    fields = ("id", *SUMMARY)
    before = list(Customer.objects.within(EVERYTHING).order_by("id").values_list(*fields))
    customer_service.refresh_summaries(EVERYTHING, customer_ids=None, as_of=as_of)
    assert list(Customer.objects.within(EVERYTHING).order_by("id").values_list(*fields)) == before


def everything_written() -> dict[str, list[tuple[Any, ...]]]:
    """All rows, without keys and without what is random on purpose: the salt of the password."""
    left_out = {"id", "password", "last_login"}
    content = {}
    for model in (
        Partner, User, IndirectReseller, Customer, Subscription, Order, OrderLine, Cart, Transition, Ticket, ReconciliationLine, PriceRow,
    ):  # fmt: skip
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in left_out and not f.is_relation]
        rows = model._base_manager.order_by("id").values_list(*names)
        content[model.__name__] = list(rows)
    return content


def written(**how: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a call writes, and nothing of it left."""
    with transaction.atomic():
        load_small(**how)
        content = everything_written()
        transaction.set_rollback(True)
    return content


@pytest.mark.django_db
class TestAgain:
    def test_the_same_seed_and_day_write_the_same_rows(self) -> None:
        first = written(customers=70, subscriptions=900)
        assert written(customers=70, subscriptions=900, as_of=TODAY.replace(hour=4)) == first

    def test_another_seed_writes_other_rows(self) -> None:
        first, second = written()["Customer"], written(seed=2)["Customer"]
        assert {row[0] for row in first}.isdisjoint({row[0] for row in second})
        assert len(first) == len(second)

    def test_it_is_placed_around_the_day_of_the_call(self) -> None:
        later = datetime(2028, 2, 29, 23, 59, tzinfo=UTC)
        load_small(as_of=later)
        running = subscriptions().filter(status="active", commitment_ends_at__lt=OPEN_END)
        assert not running.filter(commitment_ends_at__lt=later).exists()
        assert not subscriptions().filter(created_at__gt=later).exists()
        assert set(subscriptions().values_list("end_of_term", flat=True)) == {e.value for e in EndOfTerm}

    def test_a_second_call_changes_nothing(self) -> None:
        assert load_small().changed
        first = everything_written()
        again = load_small()
        assert not again.changed
        assert everything_written() == first

    def test_a_second_large_call_changes_nothing_and_another_size_is_refused(self) -> None:
        loaded = load_small(customers=120, subscriptions=1500)
        assert (loaded.customers, loaded.subscriptions) == (120, 1500)
        assert not load_small(customers=120, subscriptions=1500).changed
        with pytest.raises(DemoRefused, match="120 customers and 1,500 subscriptions"):
            load_small(customers=130, subscriptions=1500)

    def test_real_price_lists_are_never_replaced(self) -> None:
        mine = factories.make_price(factories.make_sku())
        with pytest.raises(DemoRefused, match="price lists"):
            load_small()
        mine.refresh_from_db()
        assert mine.withdrawn_at is None
        assert not Partner.objects.exists()

    def test_fewer_rows_than_the_demo_has_leave_it_as_it_is(self) -> None:
        loaded = load_small(customers=5, subscriptions=10)
        assert loaded.customers > 5
        assert not load_small(customers=5, subscriptions=10).changed

    def test_customers_alone_bring_ten_subscriptions_each(self) -> None:
        loaded = load_small(customers=100)
        assert (loaded.customers, loaded.subscriptions) == (100, 1000)

    def test_an_error_on_the_way_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        load_small()
        before, indexes = count(), index_names()
        monkeypatch.setattr("customers.services.demo.load.INDEXED_UPTO", 0)
        progress = iter(("one batch",))

        def stop(text: str) -> None:
            if next(progress, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load(customers=3000, subscriptions=9000, seed=1, password="x", as_of=TODAY, progress=stop)
        assert count() == before
        assert index_names() == indexes


def index_names() -> set[str]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, Subscription._meta.db_table)
    return {name for name, facts in constraints.items() if facts["index"]}


@pytest.mark.django_db
class TestCommand:
    def test_it_shows_accounts_that_work(self, client: Client) -> None:
        out = run()
        assert "mara.konig@contoso.example" in out
        assert TRIAL_PASSWORD in out
        assert signs_in(client, "mara.konig@contoso.example", TRIAL_PASSWORD)
        assert signs_in(client, "staff@portal.example", TRIAL_PASSWORD)
        assert "Nothing to do" in run()

    def test_if_empty_does_nothing_next_to_any_partner(self, ours: Scope) -> None:
        run("--if-empty")
        assert Partner.objects.count() == 1

    def test_if_empty_loads_into_an_empty_database_and_shows_the_accounts_ever_after(self) -> None:
        assert "Loaded" in run("--if-empty")
        again = run("--if-empty")
        assert "Loaded" not in again
        assert "mara.konig@contoso.example" in again

    def test_production_wants_to_be_asked_and_gets_a_password_of_its_own(self, settings: Any, client: Client) -> None:
        settings.PRODUCTION = True
        with pytest.raises(CommandError, match="--yes-demo-in-production"):
            run()
        assert not Partner.objects.exists()
        out = run("--yes-demo-in-production")
        assert TRIAL_PASSWORD not in out
        password = out.strip().rsplit(" ", 1)[-1]
        assert signs_in(client, "mara.konig@contoso.example", password)
        assert password not in run("--yes-demo-in-production")


@pytest.mark.slow
@pytest.mark.django_db
class TestLarge:
    @pytest.mark.parametrize(
        ("indexed_upto", "customers", "wanted"),
        [(50_000, 300, 3_000), (0, 2_000, 20_000)],
        ids=["into indexes", "indexes afterwards"],
    )
    def test_what_is_stored_is_what_the_services_decide(
        self, indexed_upto: int, customers: int, wanted: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("customers.services.demo.load.INDEXED_UPTO", indexed_upto)
        before = index_names()
        loaded = load_small(customers=customers, subscriptions=wanted)
        assert (loaded.customers, loaded.subscriptions) == (customers, wanted)
        assert index_names() == before
        connection.check_constraints()
        assert_stored_is_decided()
        contoso = Partner.objects.get(name=companies.CONTOSO.name)
        assert contoso.customer_count == Customer.objects.within(Scope(partner_id=contoso.pk)).count()
        assert set(subscriptions().values_list("end_of_term", flat=True)) == {e.value for e in EndOfTerm}
        some = subscriptions().order_by("-id")[:200]
        for row in some:
            key = row.name_key
            row.save()
            assert row.name_key == key
            row.full_clean()

    def test_every_product_is_a_sku_that_has_a_price(self) -> None:
        load_small()
        for kind in mix.kinds():
            item = kind.deal.item
            if item.in_price_list and not kind.deal.extended:
                assert PriceRow.objects.filter(
                    sku__product__product_id=item.product_id, sku__sku_id=item.sku_id, market="US",
                    term_duration=kind.deal.term, billing_plan=kind.deal.cycle,
                ).exists(), item.title  # fmt: skip


@pytest.mark.slow
class TestMemory:
    def test_memory_does_not_grow_with_the_rows(self, tmp_path: Path) -> None:
        small = peak_memory(tmp_path / "small", customers=2_000, subscriptions=20_000)
        large = peak_memory(tmp_path / "large", customers=10_000, subscriptions=100_000)
        # SQLite keeps pages in memory, up to the 64 MB of portal.core.environment, and no more.
        assert large - small < 75
        assert large < 300


def peak_memory(folder: Path, *, customers: int, subscriptions: int) -> float:
    """MB that the loader takes at most, in a process of its own on SQLite."""
    folder.mkdir()
    environment = {**os.environ, "PORTAL_MODE": "test", "PORTAL_DATA_DIR": str(folder), "DATABASE_URL": ""}
    script = f"""
import re, django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("load_demo", customers={customers}, subscriptions={subscriptions})
# Not getrusage: its maximum is inherited from the process that started this one.
print("peak", int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""
    environment["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout.rsplit("peak ", 1)[1])

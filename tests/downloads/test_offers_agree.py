"""A row of a report says what the page says of the same subscription or customer: on the whole demo data."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from customers.models import Customer, Subscription
from customers.services import targeted_offers, upsell
from customers.services.demo.load import load
from downloads import pipeline, writers
from downloads.reports import REPORTS
from portal.core.models import Partner
from portal.core.scope import Scope

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
EVERYTHING = Scope.for_operator()


@pytest.fixture
def demo() -> None:
    load(customers=None, subscriptions=None, seed=1, password="a password for tests", as_of=TODAY,
         progress=lambda _text: None)  # fmt: skip


def rows_of(key: str, scope: Scope, folder: Path) -> list[dict[str, str]]:
    pipeline.write_file(REPORTS[key], scope, folder / f"{key}.csv", evaluation_at=TODAY)
    with (folder / f"{key}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("demo")
def test_upsell_rows_are_the_decisions_of_the_page(tmp_path: Path) -> None:
    seen: set[str] = set()
    for partner in Partner.objects.all():
        scope = Scope(partner_id=partner.pk)
        found = defaultdict(list)
        for row in rows_of("upsell", scope, tmp_path):
            found[row["SubscriptionId"]].append(row)
        for customer in Customer.objects.within(scope).select_related("partner"):
            for offer in upsell.for_customer(scope, customer=customer, as_of=TODAY):
                rows = found.pop(str(offer.subscription.subscription_id), [])
                assert [_said(row) for row in rows] == [_decided(*line) for line in offer.lines]
                seen |= {check.code for check in offer.upsell.failed}
                seen |= {"promotion" if each.promotion_id else "no promotion" for each in offer.upsell.recommendations}
                seen |= {f"{len(offer.lines)} recommended"}
        assert not found, "the page knows nothing of these"
    # The demo shows every case.
    assert seen >= {"promotion", "no promotion", "2 recommended", "1 recommended", "renews", "offered"}


@pytest.mark.usefixtures("demo")
def test_what_the_subscription_page_says_is_in_the_file_or_not(tmp_path: Path) -> None:
    partner = Partner.objects.get(mpn_id="4391507")
    scope = Scope(partner_id=partner.pk)
    listed = {row["SubscriptionId"] for row in rows_of("upsell", scope, tmp_path)}
    for row in Subscription.objects.within(scope):
        offer = upsell.explain(scope, subscription_id=row.subscription_id, as_of=TODAY)
        assert offer.upsell.allowed == (str(row.subscription_id) in listed), offer.upsell.verdict
    assert listed


@pytest.mark.usefixtures("demo")
def test_targeted_rows_are_the_decisions_of_the_page(tmp_path: Path) -> None:
    reasons: set[str] = set()
    for partner in Partner.objects.all():
        scope = Scope(partner_id=partner.pk)
        said = sorted(tuple(row.values()) for row in rows_of("targeted-offers", scope, tmp_path))
        decided = []
        for customer in Customer.objects.within(scope).select_related("partner"):
            for each in targeted_offers.for_customer(scope, customer=customer, as_of=TODAY):
                for offer, item in each.lines:
                    covered = offer.covered
                    decided.append((
                        str(customer.tenant_id), offer.promotion.promotion_id, offer.promotion.name, item,
                        offer.outcome.line.title, str(offer.quantity), covered.term_duration,
                        writers.word(covered.billing_cycle), writers.flag(offer.allowed), offer.ineligible_reasons,
                        "11/23/2026 12:00:00 AM",
                    ))  # fmt: skip
                    reasons.add(offer.ineligible_reasons)
        assert said == sorted(decided)
        assert said
    # The demo shows who is eligible, and each kind of reason against.
    assert reasons == {
        "", "ProductLifetimeOwnershipExclusionConstraintsNotMet", "ProductOwnershipConstraintsNotMet",
        "SeatCountConstraintsNotMet;RedemptionLimitConstraintsNotMet", "PromotionPeriodConstraintsNotMet",
        "CatalogItemConstraintsNotMet;PriceConstraintsNotMet",
    }  # fmt: skip


def _said(row: dict[str, str]) -> tuple[str, ...]:
    names = ("UpsellRecommendationRank", "UpsellCatalogItemId", "UpsellSkuName", "PromotionId", "PromotionName",
             "ListPrice", "DiscountedPrice", "CurrencyCode", "EvaluationTime")  # fmt: skip
    return tuple(row[name] for name in names)


def _decided(each: upsell.Recommendation, item: str) -> tuple[str, ...]:
    whole, less = each.list_price, each.discounted_price
    assert whole is not None
    assert less is not None
    return (
        str(each.rank), item, each.title, each.promotion_id, each.promotion_name, writers.money(whole.amount),
        writers.money(less.amount), whole.currency, "11/23/2026 12:00:00 AM",
    )  # fmt: skip


@pytest.mark.skipif(connection.vendor != "postgresql", reason="compares COPY with the rows through Python")
@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("key", [key for key in REPORTS if key != "est"])
def test_the_same_bytes_on_every_database(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written() -> bytes:
        pipeline.write_file(REPORTS[key], EVERYTHING, tmp_path / "out.csv", evaluation_at=TODAY)
        return (tmp_path / "out.csv").read_bytes()

    by_copy = written()
    monkeypatch.setattr(connection, "vendor", "any other")
    assert written() == by_copy
    assert by_copy.count(b"\n") > 10

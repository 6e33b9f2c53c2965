"""What is offered before the first question: by page and role, with counts, and each offer works when pressed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from assistant import services
from assistant.services import zero
from assistant.skills import SKILLS
from customers.models import Customer, Order, PromotionAssignment, Subscription
from customers.rules.vocabulary import PartnerOfRecord
from downloads import services as downloads
from portal.core.access import PartnerKind, Role
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(ours: Scope, fabrikam: Customer, as_of: datetime) -> dict[str, str]:
    """The pages that have something to offer, by kind."""
    row = factories.make_subscription(fabrikam, name="Power BI Pro", offer_id="CFQ7TTC0H9MP:0001:CFQ7TTC0X6RN")
    legacy = factories.make_subscription(
        fabrikam, name="Office 365 E1", offer_id="91fd106f-4b2c-4938-95ac-f54f74e9a239"
    )
    order = Order.objects.create(customer=fabrikam, order_id="34b37d7340cc", currency="USD", created_at=as_of)
    Customer.objects.within(ours).filter(pk=fabrikam.pk).update(subscription_count=2)
    return {
        "home": "/",
        "customers": "/customers/",
        "customer": f"/customers/{fabrikam.tenant_id}/",
        "subscription": f"/subscriptions/{row.subscription_id}/",
        "legacy": f"/subscriptions/{legacy.subscription_id}/",
        "order": f"/orders/{order.order_id}/",
        "downloads": "/downloads/",
    }


def offered(scope: Scope, path: str, as_of: datetime) -> list[zero.ZeroPrompt]:
    return zero.prompts(scope, services.look_at(scope, path=path, as_of=as_of), as_of=as_of)


def titles(scope: Scope, path: str, as_of: datetime) -> list[str]:
    return [card.title for card in offered(scope, path, as_of)]


@pytest.mark.parametrize(
    ("page", "first"),
    [
        ("customer", ["List the subscriptions", "Validate partner of record", "Look up a price"]),
        ("subscription", ["Can it be canceled?", "How many licenses can go?", "What can it be upgraded to?"]),
        ("legacy", ["Does Microsoft migrate it?", "Can it be canceled?"]),
        ("order", ["Promotion on this order", "List the subscriptions", "Look up a price"]),
    ],
)
def test_the_page_comes_first(ours: Scope, pages: dict[str, str], as_of: datetime, page: str, first: list[str]) -> None:
    found = titles(ours, pages[page], as_of)
    assert found[: len(first)] == first
    assert len(found) <= zero.AT_MOST


@pytest.mark.parametrize("page", ["home", "customers", "downloads"])
def test_lists_offer_the_reports_that_there_are(ours: Scope, pages: dict[str, str], as_of: datetime, page: str) -> None:
    reports = [f"{report.title} report" for report in downloads.REPORTS.values()]
    assert titles(ours, pages[page], as_of)[-len(reports) :] == reports


def test_counts_come_from_the_data(ours: Scope, pages: dict[str, str], fabrikam: Customer, as_of: datetime) -> None:
    for _ in range(2):
        factories.make_subscription(
            fabrikam, end_of_term="silent_est", auto_renew_enabled=False, commitment_ends_at=as_of + timedelta(days=20)
        )
    about = {card.title: card.about for card in offered(ours, pages["customers"], as_of)}
    assert about["Extended service term report"] == "2 subscriptions go to EST within 90 days"
    assert "promotion of their own" not in about["Targeted promotions report"], "nothing to count, no number"
    on_customer = {card.title: card.about for card in offered(ours, pages["customer"], as_of)}
    assert on_customer["List the subscriptions"] == "Fabrikam Robotics: 2 in all"
    assert on_customer["Validate partner of record"] == "Which of 2 entries need a fix, and why"


def test_each_report_counts_what_it_would_hold(
    ours: Scope, pages: dict[str, str], fabrikam: Customer, as_of: datetime
) -> None:
    standard = factories.make_sku("Microsoft 365 Business Standard", "CFQ7TTC0LDPB:0001")
    factories.make_path(
        "CFQ7TTC0LDPB:0001", "CFQ7TTC0LDPB:000S", included_products=["CFQ7TTC0LDPB:0001", "CFQ7TTC0MZB1:0002"]
    )
    factories.make_sku("Microsoft 365 Business Standard and Microsoft 365 Copilot Business", "CFQ7TTC0LDPB:000S")
    for days in (20, 40, 59, 61):
        factories.make_subscription(
            fabrikam, name=standard.title, offer_id="CFQ7TTC0LDPB:0001:CFQ7TTC0LGNT",
            commitment_ends_at=as_of + timedelta(days=days),
        )  # fmt: skip
    promotion = factories.make_promotion()
    PromotionAssignment.objects.create(promotion=promotion, customer=fabrikam, assigned_at=as_of)
    about = {card.title: card.about for card in offered(ours, pages["downloads"], as_of)}
    assert about["Copilot Business recommendations report"] == "3 Business renewals in the next 60 days"
    assert about["Targeted promotions report"] == "1 customer has a promotion of their own"


def test_entries_that_need_a_fix_are_counted(
    ours: Scope, pages: dict[str, str], fabrikam: Customer, as_of: datetime
) -> None:
    rows = Subscription.objects.within(ours).filter(customer=fabrikam)
    rows.update(partner_of_record_state=PartnerOfRecord.NOT_ACTIVE)
    cards = {card.title: card.about for card in offered(ours, pages["customer"], as_of)}
    assert cards["Validate partner of record"] == "2 entries need a fix"


def test_distributor_cards_are_absent_for_others(ours: Scope, pages: dict[str, str], as_of: datetime) -> None:
    for kind in (PartnerKind.DIRECT_BILL, PartnerKind.INDIRECT_RESELLER):
        other = factories.make_partner(f"Other {kind}", kind=kind)
        customer = factories.make_customer(other, "Tailspin Toys")
        scope = factories.make_member(other).current_membership.scope()
        assert "Validate partner of record" not in titles(scope, f"/customers/{customer.tenant_id}/", as_of)
    assert "Validate partner of record" in titles(ours, pages["customer"], as_of)


@pytest.mark.parametrize("role", Role.values)
def test_nobody_is_offered_what_the_role_cannot_do(
    ours: Scope, fabrikam: Customer, pages: dict[str, str], as_of: datetime, role: str
) -> None:
    scope = factories.make_member(fabrikam.partner, roles=(role,)).current_membership.scope()
    for path in pages.values():
        for card in offered(scope, path, as_of):
            answer = ask(scope, card.prompt, path, as_of)
            assert answer.status in {"answered", "needs_input", "needs_confirmation"}, (card.title, answer.text)
            assert answer.skill in SKILLS, card.title


@pytest.mark.parametrize(
    ("page", "title", "skill"),
    [
        ("customer", "List the subscriptions", "subscription_list"),
        ("customer", "Validate partner of record", "validate_partner_of_record"),
        ("customer", "Look up a price", "price_lookup"),
        ("subscription", "Can it be canceled?", "cancellation_eligibility"),
        ("subscription", "How many licenses can go?", "quantity_reduction"),
        ("subscription", "What can it be upgraded to?", "transition_eligibility"),
        ("legacy", "Does Microsoft migrate it?", "migration_eligibility"),
        ("order", "Promotion on this order", "order_promotion"),
    ],
)
def test_pressed_it_is_answered_for_the_page(
    ours: Scope, pages: dict[str, str], as_of: datetime, page: str, title: str, skill: str
) -> None:
    card = next(card for card in offered(ours, pages[page], as_of) if card.title == title)
    answer = ask(ours, card.prompt, pages[page], as_of)
    assert answer.skill == skill
    assert answer.status == ("needs_input" if skill == "price_lookup" else "answered"), answer.text


@pytest.mark.parametrize(
    ("label", "skill"),
    [
        ("Price of a product for a customer", "price_lookup"),
        ("Promotion on an order", "order_promotion"),
        ("Upgrade paths", "transition_eligibility"),
        ("How many licenses can I reduce?", "quantity_reduction"),
        ("List a customer's subscriptions", "subscription_list"),
        ("Other terms with a promotion", "promotion_alternatives"),
    ],
)
def test_a_chip_alone_asks_for_what_is_missing(ours: Scope, as_of: datetime, label: str, skill: str) -> None:
    answer = ask(ours, dict(zero.FAMILIES)[label], "", as_of)
    assert (answer.skill, answer.status) == (skill, "needs_input"), answer.text
    assert answer.text.count("?") == 1, "one question at a time"


def test_a_duplicate_is_offered_for_clean_up_to_who_may_act(
    ours: Scope, fabrikam: Customer, pages: dict[str, str], as_of: datetime
) -> None:
    upgraded = factories.make_subscription(fabrikam)
    left = factories.make_subscription(
        fabrikam,
        name="Microsoft 365 Business Standard",
        duplicate_of_id=upgraded.subscription_id,
        duplicate_help_until=as_of + timedelta(days=100),
    )
    cards = {
        path: next((card for card in offered(ours, path, as_of) if card.title.startswith("Clean up")), None)
        for path in (pages["customer"], f"/subscriptions/{upgraded.subscription_id}/", pages["customers"])
    }
    assert all(cards.values())
    assert cards[pages["customer"]].about == f"Cancel or reduce {left.friendly_name}"  # type: ignore[union-attr]
    helpdesk = factories.make_member(fabrikam.partner, roles=(Role.HELPDESK_AGENT,)).current_membership.scope()
    assert not any(card.title.startswith("Clean up") for card in offered(helpdesk, pages["customer"], as_of))


def ask(scope: Scope, text: str, path: str, as_of: datetime) -> Any:
    page = services.look_at(scope, path=path, as_of=as_of) if path else services.NOWHERE
    return services.handle(scope, text=text, page=page, as_of=as_of).answer


def test_a_subscription_of_the_page(ours: Scope, pages: dict[str, str], as_of: datetime) -> None:
    """ "This subscription" is the page's, and no name of it has to be typed."""
    assert Subscription.objects.within(ours).count() == 2
    answer = ask(ours, "how many seats can I drop here?", pages["subscription"], as_of)
    assert (answer.skill, answer.status) == ("quantity_reduction", "answered")
    assert answer.slots == {"subscription": "Power BI Pro", "customer": "Fabrikam Robotics"}

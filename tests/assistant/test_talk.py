"""Questions about a feature, and things that no skill does: explained with their source, started never."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.urls import reverse

from assistant import services
from assistant.services import present
from assistant.skills import talk
from customers.models import Customer
from downloads.models import DownloadRequest
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("what is EST?", "Extended service term (EST) keeps a subscription running"),
        ("What do you need to cancel a duplicate?", "A duplicate is a subscription that an upgrade left behind"),
        ("what are targeted offers?", "Targeted offers are promotions that Microsoft assigned"),
        ("which reports can you make?", "Reports are made in the background"),
        ("how does the partner of record validation work?", "The partner of record is the indirect reseller"),
        ("what can you do?", "Ask about prices, promotions"),
    ],
)
def test_a_question_about_a_feature_starts_nothing(say: Say, ours: Scope, question: str, says: str) -> None:
    before = AuditEvent.objects.count()
    reply = say(question)
    assert (reply.skill, reply.status) == ("help", "answered")
    assert reply.answer["lead"].startswith(says)
    assert DownloadRequest.objects.within(ours).count() == 0
    assert AuditEvent.objects.count() == before + 1, "the question itself, nothing else"


def test_each_explanation_names_its_page_and_day() -> None:
    entries = talk._answers()["meaning"]
    assert len(entries) >= 12
    assert all(entry["source"] and entry["checked"] for entry in entries)


def test_the_reports_that_there_are_are_named(say: Say) -> None:
    assert "Extended service term" in say("which reports can you make?").answer["body"]


@pytest.mark.parametrize(
    ("wish", "here", "elsewhere"),
    [
        ("Turn off auto-renew for this subscription", "subscription_end_of_term", "customers:subscriptions"),
        ("Change the partner of record of this subscription", "subscription_record", "customers:subscriptions"),
        ("Upgrade this subscription now", "subscription_upgrade", "customers:subscriptions"),
        ("Buy 10 more seats of Power BI Pro for Fabrikam Robotics", "subscription_licenses", "customers:subscriptions"),
    ],
)
def test_a_near_action_is_refused_with_the_page_that_does_it(
    ours: Scope, fabrikam: Customer, say: Say, as_of: datetime, wish: str, here: str, elsewhere: str
) -> None:
    reply = say(wish)
    assert (reply.skill, reply.status) == ("out_of_scope", "refused")
    assert [link["to"] for link in reply.answer["links"]] in ([elsewhere], ["customers:carts"])
    row = factories.make_subscription(fabrikam, name="Power BI Pro", offer_id="CFQ7TTC0H9MP:0001:CFQ7TTC0X6RN")
    page = services.look_at(ours, path=f"/subscriptions/{row.subscription_id}/", as_of=as_of)
    on_page = say(wish, page=page)
    assert on_page.answer["links"][0]["to"] == f"customers:{here}"
    assert present.address(on_page.answer["links"][0]).startswith(f"/subscriptions/{row.subscription_id}/")


def test_every_page_that_is_named_is_there() -> None:
    pages = {entry["page"] for entry in talk._answers()["elsewhere"]}
    assert len(pages) >= 4
    assert all(reverse(page) for page in pages)

"""Conversations: what is missing is asked for, names are resolved inside the tenant, nothing is guessed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from assistant import services
from assistant.models import Conversation, Turn
from customers.models import Customer, Sku
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db


def test_price_with_everything_given(say: Say, premium: Sku) -> None:
    reply = say("price of Business Premium for Fabrikam Robotics, 25 seats annual, billed monthly")
    assert reply.status == "answered"
    assert "$550.00 per month for 25 licenses, 1 year, billed monthly" in reply.text
    assert "$6,600.00" in reply.text
    assert "current-november-2026.csv, 1 Nov 2026" in reply.text
    assert reply.slots == {
        "product": "Business Premium",
        "customer": "Fabrikam Robotics",
        "term_duration": "P1Y",
        "billing_cycle": "monthly",
        "quantity": 25,
    }


def test_price_from_the_end_of_sale_list(say: Say) -> None:
    sku = factories.make_sku("Visio Plan 1", "CFQ7TTC0HD33:0001")
    factories.make_price(sku, unit_price="60.00", view="eos")
    reply = say("What is the current price for end of sale Visio Plan 1 for customer Fabrikam Robotics?")
    assert "$5.00 per month" in reply.text
    assert "end of sale" in reply.text
    assert "eos-november-2026.csv" in reply.text


def test_no_price_is_said_with_the_reason(say: Say) -> None:
    factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0001")
    reply = say("price of Visio Plan 2 for Fabrikam Robotics")
    assert reply.text.startswith("There is no price for Visio Plan 2")
    assert "Not met:" in reply.text


def test_one_thing_at_a_time_then_the_answer(say: Say, premium: Sku) -> None:
    first = say("what's the price?")
    assert (first.status, first.answer["asks_for"]) == ("needs_input", ["product"])
    second = say("Business Premium")
    assert (second.status, second.answer["asks_for"]) == ("needs_input", ["customer"])
    third = say("Fabrikam Robotics, 10 seats")
    assert third.status == "answered"
    assert third.slots["quantity"] == 10


def test_a_correction_changes_the_last_question(say: Say, premium: Sku) -> None:
    say("price of Business Premium for Fabrikam Robotics")
    monthly = say("no, billed monthly on a 1 year term")
    assert (monthly.slots["term_duration"], monthly.slots["billing_cycle"]) == ("P1Y", "monthly")
    more = say("and for 50 seats?")
    assert more.slots | {"quantity": 50} == more.slots
    assert "$1,100.00 per month" in more.text


def test_it_and_them_are_the_records_last_spoken_of(say: Say, ours: Scope, fabrikam: Customer, premium: Sku) -> None:
    factories.make_customer(fabrikam.partner, "Tailspin Toys")
    say("Get my list of subscriptions for customer Fabrikam Robotics.")
    assert say("what does Business Premium cost for them?").slots["customer"] == "Fabrikam Robotics"
    assert say("and for Tailspin Toys?").slots["customer"] == "Tailspin Toys"
    assert say("is it eligible for a promotion for this customer?").slots == {
        "product": "Business Premium",
        "customer": "Tailspin Toys",
    }


def test_an_interruption_is_answered_and_the_question_stays_open(say: Say, premium: Sku) -> None:
    say("price of Business Premium")
    aside = say("what is EST?")
    assert aside.skill == "help"
    assert "Still open: For which customer?" in aside.text
    other = say("list the subscriptions of Fabrikam Robotics")
    assert other.skill == "subscription_list"
    assert say("Fabrikam Robotics").skill == "price_lookup"


def test_a_question_about_the_product_is_no_name(say: Say) -> None:
    assert say("what's the price?").answer["asks_for"] == ["product"]
    reply = say("What are the transitions eligible for this subscription?")
    assert "matches" not in reply.text
    assert reply.skill != "price_lookup"


def test_stop_ends_a_question(say: Say, premium: Sku) -> None:
    say("price of Business Premium")
    assert say("stop").text == "Stopped. Nothing was changed."
    assert say("Fabrikam Robotics").skill != "price_lookup"


def test_several_customers_fit_so_it_asks(say: Say, fabrikam: Customer) -> None:
    factories.make_customer(fabrikam.partner, "Fabrikam Residences")
    asked = say("list the subscriptions of Fabrikam")
    assert asked.status == "needs_input"
    assert [choice["label"] for choice in asked.answer["choices"]] == ["Fabrikam Residences", "Fabrikam Robotics"]
    assert say("the second").slots == {"customer": "Fabrikam Robotics"}


def test_two_customers_of_one_name_are_told_apart_by_the_press(say: Say, fabrikam: Customer) -> None:
    twin = factories.make_customer(fabrikam.partner, "Fabrikam Robotics")
    asked = say("list the subscriptions of Fabrikam Robotics")
    assert len(asked.answer["choices"]) == 2
    assert say("Fabrikam Robotics").status == "needs_input", "the name alone does not tell"
    answer = say("Fabrikam Robotics", choice=str(twin.tenant_id))
    assert answer.answer["links"][0]["args"] == {"tenant_id": str(twin.tenant_id)}


def test_a_misspelled_name_is_never_guessed(say: Say, fabrikam: Customer) -> None:
    reply = say("list the subscriptions of Fabrikam Robtics")
    assert reply.status == "needs_input"
    assert reply.text.startswith("No customer matches “Fabrikam Robtics”.")


def test_a_foreign_customer_is_not_found_like_any_other(say: Say, theirs: Scope) -> None:
    foreign = Customer.objects.within(theirs).get()
    for text in (foreign.company_name, str(foreign.tenant_id), foreign.domain):
        reply = say(f"list the subscriptions of customer {text}")
        assert reply.text.startswith(f"No customer matches “{text}”.")
        say("stop")
    nobody = say(f"list the subscriptions of customer {uuid.uuid4()}")
    assert nobody.status == "needs_input"


def test_promotion_without_a_term_looks_at_all_of_them(say: Say, premium: Sku) -> None:
    reply = say("Is Business Premium eligible for a promotion for Fabrikam Robotics?")
    assert reply.text.startswith("Yes. Microsoft 365 Business Premium has a promotion for Fabrikam Robotics: 25% off")
    assert "1 year, billed yearly: 25% off, $15.00 per month" in reply.text
    no = say("Is Business Premium eligible for a promotion for Fabrikam Robotics, 1 month, billed monthly?")
    assert no.text.startswith("No.")
    assert "Not met: Term:" in no.text


def test_est_report_is_requested_once(say: Say, ours: Scope) -> None:
    first = say("Please generate a list of all my subscriptions that are set to go to EST at the end of their term.")
    assert first.status == "answered"
    assert "requested" in first.text
    again = say("EST report")
    assert "already under way" in again.text
    assert first.answer["cards"][0]["number"] == again.answer["cards"][0]["number"]


def test_a_bare_cancel_asks_which(say: Say) -> None:
    asked = say("Cancel Power BI Pro for Fabrikam Robotics")
    assert (asked.skill, asked.status) == ("clarify", "needs_input")
    assert say("the first one").skill == "cancellation_eligibility"


def test_state_survives_and_clear_forgets(ours: Scope, say: Say, premium: Sku, as_of: datetime) -> None:
    asked = say("price of Business Premium")
    conversation = Conversation.objects.within(ours).get(pk=asked.conversation_id)
    assert conversation.state["asking"] == "customer"
    services.clear(ours, conversation_id=conversation.conversation_id, as_of=as_of)
    conversation.refresh_from_db()
    assert conversation.state == {}
    assert conversation.cleared_at == as_of


def test_same_question_same_answer(ours: Scope, premium: Sku, as_of: datetime) -> None:
    text = "price of Business Premium for Fabrikam Robotics"
    answers = [services.handle(ours, text=text, as_of=as_of).answer for _ in range(2)]
    assert answers[0].answer == answers[1].answer


def test_every_turn_is_audited(say: Say, ours: Scope) -> None:
    say("hello")
    entry = AuditEvent.objects.filter(event="assistant.asked", partner_id=ours.partner_id).get()
    assert entry.after["skill"] == "small_talk"


def test_one_submission_is_one_question(ours: Scope, as_of: datetime) -> None:
    key = uuid.uuid4()
    pair = [services.handle(ours, text="hello", as_of=as_of, submission_key=key) for _ in range(2)]
    assert pair[0].answer.pk == pair[1].answer.pk
    assert Turn.objects.within(ours).count() == 2


def test_a_colleagues_conversation_is_not_found(ours: Scope, ours_user: User, say: Say, as_of: datetime) -> None:
    mine = say("hello").conversation.conversation_id
    colleague = factories.make_member(ours_user.current_membership.partner).current_membership.scope()
    with pytest.raises(services.ConversationNotFound):
        services.handle(colleague, text="hello", as_of=as_of, conversation_id=mine)


def test_too_many_questions(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    for _ in range(30):
        services.check_rate(ours, as_of=as_of)
    with pytest.raises(services.TooManyQuestions, match=r"Go on at 12:01:00 UTC\."):
        services.check_rate(ours, as_of=as_of + timedelta(seconds=59))
    services.check_rate(theirs, as_of=as_of)
    services.check_rate(ours, as_of=as_of + timedelta(minutes=1))


def test_queries_do_not_grow_with_the_data(
    ours: Scope, fabrikam: Customer, premium: Sku, as_of: datetime, django_assert_max_num_queries: Any
) -> None:
    def ask() -> int:
        with django_assert_max_num_queries(40) as few:
            services.handle(ours, text="list the subscriptions of Fabrikam Robotics", as_of=as_of)
        with django_assert_max_num_queries(40) as more:
            services.handle(ours, text="is Business Premium eligible for promotion for Fabrikam Robotics", as_of=as_of)
        return len(few) + len(more)

    factories.make_subscription(fabrikam)
    before = ask()
    for number in range(20):
        factories.make_subscription(fabrikam)
        factories.make_customer(fabrikam.partner, f"Customer {number}")
        factories.make_price(factories.make_sku(f"Product {number}", f"CFQ7TTC0AAAA:{number:04}"))
        factories.make_promotion(promotion_id=f"AAAAAAAAAAAA:0001:{number:012}", name=f"Offer {number}")
    assert ask() == before

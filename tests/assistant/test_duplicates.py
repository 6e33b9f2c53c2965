"""Cancel or reduce duplicates in words (product.md §5.1): nothing without approval, no success without a ticket."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client

from assistant import services
from assistant.models import Conversation, Proposal, Turn
from customers.models import Customer, Subscription, Ticket, TicketAction
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say
from tests.assistant.duplicates import CONTACT, Left, code, left_behind, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def left(fabrikam: Customer) -> Left:
    return left_behind(fabrikam)


def untouched(left: Left) -> bool:
    row = Subscription.unscoped.get(pk=left.standard.pk)
    return (row.status, row.quantity) == ("active", 45) and not Ticket.unscoped.exists()


def test_the_whole_way_in_words(say: Say, left: Left, ours: Scope) -> None:
    checked = say(left.request)
    assert (checked.skill, checked.status) == ("cancel_duplicate", "needs_confirmation")
    assert checked.answer["asks_for"] == ["verification_id"]
    for said in (
        f"Microsoft 365 Business Standard ({left.standard.subscription_id})",
        "Billing term: 1 year, ends",
        "Billing plan: Monthly",
        "Current quantity: 45 licenses",
        "Proposed action: Cancel, 45 → 0 licenses",
        "Refund estimate: about $524.70. $12.50 per license",
    ):
        assert said in checked.text
    assert checked.text.count("\nMet: ") == 7
    assert untouched(left)
    approved = say(f"the ID is {code().lower().replace('-', ' ')}")
    assert (approved.status, approved.answer["asks_for"]) == ("needs_input", ["email", "phone"])
    assert untouched(left)
    done = say(CONTACT)
    ticket = Ticket.objects.within(ours).get()
    assert done.status == "answered"
    assert done.text.startswith(f"Ticket {ticket.ticket_id} was created.")
    assert done.answer["links"][0]["query"] == {"tid": ticket.ticket_id}
    assert (ticket.contact_email, ticket.contact_phone) == ("mara@contoso.com", "+1 425-555-0100")
    assert [(a.kind, a.from_quantity, a.to_quantity) for a in ticket.actions.all()] == [("cancel", 45, 0)]
    assert Subscription.unscoped.get(pk=left.standard.pk).status == "active", "staff carry it out"
    events = set(AuditEvent.objects.values_list("event", flat=True))
    assert {"assistant.proposed", "assistant.approved", "assistant.ticket", "ticket.created"} <= events


def test_a_schedule_that_goes_with_the_change_is_named_before_it_is_approved(say: Say, left: Left) -> None:
    Subscription.unscoped.filter(pk=left.standard.pk).update(
        scheduled_next_term_instructions={"quantity": 8, "product": {"termDuration": "P3Y"}}
    )
    checked = say(left.request)
    assert "Deletes what is scheduled: At the renewal: 8 licenses, 3 years." in checked.text
    assert checked.answer["cards"][0]["lost"] == ["At the renewal: 8 licenses, 3 years."]
    assert untouched(left)


def test_the_id_is_shown_but_stored_nowhere(say: Say, left: Left, ours: Scope) -> None:
    checked = say(left.request)
    shown = code()
    assert f"Verification ID: {shown}" in services.text_of(ours, checked)
    stored = waiting()
    kept = f"{stored.__dict__} {checked.text} {checked.answer} {Conversation.unscoped.get().state}"
    assert shown not in kept
    assert shown.replace("-", "") not in kept


def test_several_values_in_one_sentence(say: Say, left: Left) -> None:
    say(left.request)
    assert "was created" in say(f"{code()}, {CONTACT}").text


def test_contact_one_after_the_other_and_mistakes(say: Say, left: Left, ours_user: User) -> None:
    say(left.request)
    say(code())
    assert say("mara@contoso.com").answer["asks_for"] == ["phone"]
    wrong = say("my phone is 12345")
    assert (wrong.status, wrong.answer["asks_for"]) == ("needs_input", ["phone"])
    assert untouched(left)
    assert "was created" in say("+1 425 555 0100").text


def test_yes_takes_the_profile(say: Say, left: Left, ours_user: User) -> None:
    User.objects.filter(pk=ours_user.pk).update(email="mara@contoso.com", phone="+1 425 555 0142")
    say(left.request)
    asked = say(code())
    assert "Say yes to use mara@contoso.com and +1 425 555 0142." in asked.text
    assert "was created" in say("yes").text


def test_yes_is_no_approval(say: Say, left: Left) -> None:
    say(left.request)
    for word in ("yes", "go ahead", "approve", "I approve", "cancel it", "confirm"):
        answer = say(word)
        assert answer.status == "needs_confirmation"
        assert "type the verification ID" in answer.text
    assert waiting().state == "eligible"
    assert waiting().wrong_entries == 0


def test_stop_says_that_nothing_changed(say: Say, left: Left) -> None:
    say(left.request)
    shown = code()
    assert say("stop").text == "Stopped. Nothing was changed."
    say(shown)
    assert untouched(left)
    assert waiting().state == "stopped"


def test_another_question_is_answered_and_the_step_stays_open(say: Say, left: Left) -> None:
    say(left.request)
    aside = say("what is EST?")
    assert aside.skill == "help"
    assert "Still open: approve with the verification ID" in aside.text
    say("list the subscriptions of Fabrikam Robotics")
    assert say(code()).answer["asks_for"] == ["email", "phone"]
    assert "Still open: the e-mail address" in say("what is EST?").text
    assert "was created" in say(CONTACT).text


def test_five_wrong_ids_void_it(say: Say, left: Left) -> None:
    say(left.request)
    right = code()
    wrong = "222-222-22A" if right != "222-222-22A" else "222-222-22B"
    told = [say(wrong).text for _ in range(4)]
    assert [text.split(". ")[1] for text in told] == [
        "4 tries are left", "3 tries are left", "2 tries are left", "1 try is left",
    ]  # fmt: skip
    assert not any(part in " ".join(told) for part in right.split("-")), "never a part of the ID"
    assert "void after 5 wrong verification IDs" in say(wrong).text
    assert code() == ""
    assert "void" in say(right).text
    say(CONTACT)
    assert untouched(left)
    assert say(left.request).status == "needs_confirmation", "it can be asked for anew"
    assert code() not in {"", right}


def test_it_expires(ours: Scope, left: Left, as_of: datetime) -> None:
    first = services.handle(ours, text=left.request, as_of=as_of)
    later = as_of + timedelta(minutes=30)
    shown = code()
    answer = services.handle(ours, text=shown, as_of=later, conversation_id=first.conversation.conversation_id).answer
    assert answer.text.startswith("This verification ID expired at 12:30 UTC. Nothing changed.")
    assert waiting().state == "expired"
    assert untouched(left)


@pytest.mark.parametrize("when", ["before the approval", "after the approval"])
@pytest.mark.parametrize(
    "change", [{"quantity": 44}, {"quantity": 61}, {"status": "suspended"}, {"term_duration": "P3Y"}], ids=str
)
def test_what_changed_since_the_check_is_said(say: Say, left: Left, when: str, change: dict[str, object]) -> None:
    say(left.request)
    if when == "after the approval":
        say(code())
    shown = code()
    Subscription.unscoped.filter(pk=left.standard.pk).update(**change)
    answer = say(shown if when == "before the approval" else CONTACT)
    assert answer.text.startswith("The subscription changed since the check. Check again.")
    assert answer.status == "error"
    assert not Ticket.unscoped.exists()
    assert waiting().state == "changed"


def test_touched_content_cannot_be_approved(say: Say, left: Left) -> None:
    say(left.request)
    shown = code()
    proposal = waiting()
    proposal.content["changes"][0]["to"] = 1
    proposal.save()
    assert code() == "", "it is not even shown"
    assert "does not match" in say(shown).text
    assert untouched(left)


def test_no_ticket_no_success(say: Say, left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of tickets refuses: the person is told, and may send again."""
    say(left.request)
    say(code())
    # The 16 digits of a ticket are checked by the database: a number that is none makes it refuse, as a full disk would.
    monkeypatch.setattr("customers.services.tickets.DIGITS", 3)
    failed = say(CONTACT)
    assert failed.text.startswith("No ticket was created. Nothing changed.")
    assert failed.answer["cards"][0]["button"] == "Send again"
    assert untouched(left)
    monkeypatch.undo()
    assert "was created" in say("yes, use the same").text or "was created" in say(CONTACT).text
    assert Ticket.unscoped.count() == 1


def test_several_by_id_under_one_verification_id(say: Say, fabrikam: Customer) -> None:
    left = left_behind(fabrikam, more=True)
    checked = say(left.all_of())
    assert "All 2 subscriptions can be canceled as duplicates." in checked.text
    assert [len(checked.slots["subscriptions"]), checked.slots["customer"]] == [2, str(fabrikam.tenant_id)]
    shown = code()
    say(f"{shown} {CONTACT}")
    assert TicketAction.unscoped.count() == 2
    assert "was sent already" in say(f"{shown} {CONTACT}").text, "single use"
    assert Ticket.unscoped.count() == 1


def test_mixed_verdicts_go_on_with_what_is_eligible(say: Say, fabrikam: Customer) -> None:
    left = left_behind(fabrikam, more=True, apps=99)
    checked = say(left.all_of())
    assert "1 of 2 subscriptions can be canceled" in checked.text
    assert "Not met: The duplicate has 99 licenses, more than the upgraded 60." in checked.text
    assert "was created" in say(f"{code()} {CONTACT}").text
    assert [action.subscription_id for action in TicketAction.unscoped.all()] == [left.standard.pk]


def test_not_eligible_proposes_nothing(say: Say, fabrikam: Customer) -> None:
    left = left_behind(fabrikam)
    Subscription.unscoped.filter(pk=left.standard.pk).update(quantity=80)
    answer = say(
        f"Cancel {left.standard.subscription_id} for customer {fabrikam.tenant_id}, a duplicate after our upgrade. "
        f"The upgraded subscription is {left.upgraded.subscription_id}"
    )
    assert answer.status == "answered"
    assert "cannot be canceled as a duplicate" in answer.text
    assert not Proposal.unscoped.exists()


def test_what_is_not_eligible_promises_nothing(client: Client, say: Say, fabrikam: Customer, ours_user: User) -> None:
    """Money beside it would read as if it came back: the card tells what there is, and the conditions."""
    left = left_behind(fabrikam, more=True, apps=99)
    checked = say(left.all_of())
    eligible, refused = checked.answer["cards"][:2]
    assert (eligible["allowed"], refused["allowed"]) == (True, False)
    assert {"action", "change", "refund", "formula", "lost"} <= eligible.keys() - refused.keys()
    told = checked.text.partition("Not eligible to cancel: ")[2]
    for shown in ("Current quantity: 99 licenses", "Billing term: 1 year, ends", "Billing plan: ", "Not met: "):
        assert shown in told
    client.force_login(ours_user)
    page = client.get(f"/assistant/{checked.conversation.conversation_id}/").content.decode()
    yes, no = re.findall(r'<section class="xcard" aria-labelledby="el-.*?</section>', page, re.DOTALL)
    assert "Not eligible" in no
    for shown in ("Current quantity", "Billing term", "Billing plan"):
        assert shown in yes
        assert shown in no
    for promise in ("Refund estimate", "Proposed action", "$", "→"):
        assert promise in yes
        assert promise not in no
    assert "The duplicate has 99 licenses, more than the upgraded 60." in page


def test_what_stands_in_an_open_ticket_is_refused_at_its_check(say: Say, left: Left, ours: Scope) -> None:
    say(left.request)
    say(f"{code()}, {CONTACT}")
    number = Ticket.objects.within(ours).get().ticket_id
    again = say(left.request)
    assert again.status == "answered"
    assert f"Not met: Microsoft 365 Business Standard already stands in ticket {number}, which is open." in again.text
    assert Proposal.unscoped.count() == 1, "nothing new is proposed"


def test_what_stands_in_an_open_ticket_is_no_choice(say: Say, fabrikam: Customer, ours: Scope) -> None:
    left = left_behind(fabrikam, more=True)
    say(left.request)
    say("the second one")
    say(f"{code()}, {CONTACT}")
    assert Ticket.objects.within(ours).count() == 1
    assert "Eligible to cancel: Microsoft 365 Apps for business" in say(left.request).text


def test_which_one_is_asked_with_choices(say: Say, fabrikam: Customer) -> None:
    left = left_behind(fabrikam, more=True)
    asked = say(left.request)
    assert (asked.status, asked.answer["asks_for"]) == ("needs_input", ["subscriptions"])
    card = asked.answer["cards"][0]
    assert [row["name"] for row in card["rows"]] == [
        "Microsoft 365 Apps for business", "Microsoft 365 Business Standard",
    ]  # fmt: skip
    assert "45 licenses" in asked.text
    assert "All 2 subscriptions" in say("both").text


@pytest.mark.parametrize("reply", ["the second one", "Business Standard", "2", "Microsoft 365 Business Standard"])
def test_the_duplicate_is_named_in_words(say: Say, fabrikam: Customer, reply: str) -> None:
    left = left_behind(fabrikam, more=True)
    say(left.request)
    assert f"Eligible to cancel: Microsoft 365 Business Standard ({left.standard.subscription_id})" in say(reply).text


def test_the_duplicate_subscription_is(say: Say, fabrikam: Customer) -> None:
    """The article's second step, word for word."""
    left = left_behind(fabrikam, more=True)
    say(left.request)
    answer = say(f"The duplicate subscription is {left.standard.subscription_id}.")
    assert answer.status == "needs_confirmation"
    assert len(waiting().content["changes"]) == 1


def test_fewer_licenses_asks_how_many_stay(say: Say, left: Left) -> None:
    asked = say(left.request.replace("Cancel the duplicate", "Reduce the license count of the duplicate"))
    assert (asked.skill, asked.answer["asks_for"]) == ("reduce_duplicate", ["quantity"])
    answer = say("12")
    assert "Proposed action: Reduce, 45 → 12 licenses" in answer.text
    assert "was created" in say(f"{code()} {CONTACT}").text
    assert TicketAction.unscoped.get().to_quantity == 12


def test_several_numbers_are_not_guessed_apart(say: Say, fabrikam: Customer) -> None:
    left = left_behind(fabrikam, more=True)
    assert left.apps
    reduce = (
        f"Reduce the duplicate {left.standard.subscription_id} to 12 and the duplicate {left.apps.subscription_id} to 3 "
        f"for customer {fabrikam.tenant_id} after our upgrade. The upgraded subscription is "
        f"{left.upgraded.subscription_id}."
    )
    asked = say(reduce)
    assert (asked.skill, asked.status, asked.answer["asks_for"]) == ("reduce_duplicate", "needs_input", ["quantity"])
    assert asked.answer["lead"].startswith("2 subscriptions, and several numbers.")
    assert not Proposal.unscoped.exists()
    same = say("7")
    assert "45 → 7 licenses" in same.text
    assert "15 → 7 licenses" in same.text


def test_by_is_not_to(say: Say, left: Left) -> None:
    reduce = f"Reduce the duplicate by 10 licenses for customer {left.customer.tenant_id}, it comes from our upgrade"
    assert "45 → 35 licenses" in say(reduce).text


def test_corrections_make_a_new_id(say: Say, left: Left) -> None:
    say(left.request)
    first = code()
    assert "45 → 10 licenses" in say("no, keep 10").text
    assert code() != first
    assert "45 → 40 licenses" in say("reduce it by 5").text
    assert "45 → 0 licenses" in say("cancel it all instead").text
    say(first)
    assert waiting().wrong_entries == 1, "the first ID is no use any more"
    assert Proposal.unscoped.filter(state="replaced").count() == 3


def test_some_licenses_are_no_cancellation(say: Say, left: Left) -> None:
    asked = say(left.request + " Cancel 10 licenses.")
    assert asked.status == "needs_input"
    assert "has 45 licenses, and you named 10. How many licenses should stay?" in asked.text
    assert not Proposal.unscoped.exists()
    assert "45 → 10 licenses" in say("Keep 10 licenses").text


def test_a_bare_cancel_is_no_request(say: Say, left: Left) -> None:
    assert say("Cancel Microsoft 365 Business Standard for Fabrikam Robotics").skill == "clarify"
    assert say("Is it too late to cancel Microsoft 365 Business Standard for Fabrikam Robotics?").status != (
        "needs_confirmation"
    )
    assert not Proposal.unscoped.exists()


@pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
def test_who_may_not_sell_is_told_at_once(ours_user: User, left: Left, role: str, as_of: datetime) -> None:
    person = factories.make_member(ours_user.current_membership.partner, roles=(role,))
    scope = person.current_membership.scope()
    answer = services.handle(scope, text=left.request, as_of=as_of).answer
    assert answer.status == "refused"
    assert "needs the role" in answer.text
    assert not Proposal.unscoped.exists()


def test_a_right_that_was_taken_away_counts_at_every_step(say: Say, left: Left, ours: Scope, as_of: datetime) -> None:
    asked = say(left.request)
    shown = code()
    reader = Scope(
        partner_id=ours.partner_id, user_id=ours.user_id, roles=frozenset({"helpdesk_agent"}),
        partner_kind=ours.partner_kind,
    )  # fmt: skip
    answer = services.handle(reader, text=shown, as_of=as_of, conversation_id=asked.conversation.conversation_id)
    assert answer.answer.status == "refused"
    assert waiting().state == "eligible"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="real concurrency")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["approve", "contact"])
def test_a_double_click_makes_one_ticket(ours: Scope, fabrikam: Customer, as_of: datetime, step: str) -> None:
    left = left_behind(fabrikam)
    talk = services.handle(ours, text=left.request, as_of=as_of).conversation.conversation_id
    proposal = waiting()
    shown = code()
    sent = {"conversation_id": talk, "proposal_id": proposal.proposal_id, "as_of": as_of}
    contact = {"email": "mara@contoso.com", "phone": "+1 425 555 0100"}
    if step == "contact":
        services.steps.approve(ours, typed=shown, key="a", **sent)
    start, results = Barrier(6), []

    def run(number: int) -> None:
        start.wait()
        try:
            if step == "approve":
                results.append(services.steps.approve(ours, typed=shown, key=f"k{number % 2}", **sent))
            else:
                results.append(services.steps.contact(ours, key=f"k{number % 2}", **contact, **sent))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len({result.turn.number for result in results}) == 1, "all are shown the first result"
    assert len(results) == 6
    if step == "approve":
        services.steps.contact(ours, key="c", **contact, **sent)
    assert Ticket.unscoped.count() == 1
    assert Turn.unscoped.filter(text__startswith="Ticket ").count() == 1

"""What an open request is about stays what it was, whatever page comes beside it; ending it is asked about first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from assistant import services
from assistant.models import Conversation, Proposal
from customers.models import Customer, Ticket
from portal.core import clock
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say
from tests.assistant.duplicates import Left, code, left_behind, waiting

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ASK, NEW = "/assistant/ask/", "/assistant/new/"
Sign = Callable[[User], Client]


@pytest.fixture
def client(client_for: Sign, ours_user: User) -> Client:
    return client_for(ours_user)


@pytest.fixture
def left(fabrikam: Customer) -> Left:
    return left_behind(fabrikam)


@pytest.fixture
def elsewhere(ours_user: User) -> str:
    other = factories.make_customer(ours_user.current_membership.partner, "Tailspin Toys")
    factories.make_subscription(other, name="Visio Plan 1")
    return f"/customers/{other.tenant_id}/"


def page_of(left: Left) -> str:
    return f"/subscriptions/{left.upgraded.subscription_id}/"


# The context line ------------------------------------------------------------------------------------


def test_a_request_stays_pinned_on_another_page(client: Client, left: Left, elsewhere: str) -> None:
    asked = client.post(
        ASK, {"text": "Cancel the duplicate that our upgrade left", "page": page_of(left)}, headers=HTMX
    )
    assert waiting().content["upgraded"] == str(left.upgraded.subscription_id)
    line = asked.content.decode().split('id="as-ctx"')[1].split("</div>")[0]
    assert "Pinned" in line, "said at once, without a reload"
    client.post("/assistant/panel/", {"open": "1"})
    there = client.get(elsewhere).content.decode().split('id="as-ctx"')[1].split("</div>")[0]
    assert "Pinned" in there
    assert "Fabrikam Robotics" in there
    assert "Tailspin" not in there
    talk = str(Conversation.unscoped.get().conversation_id)
    answer = client.post(ASK, {"text": "list the subscriptions", "conversation": talk, "page": elsewhere}, headers=HTMX)
    assert "Fabrikam Robotics has 2 subscriptions" in answer.content.decode(), "what the line says is what counts"


def test_it_follows_the_page_again_when_the_request_is_over(client: Client, left: Left, elsewhere: str) -> None:
    client.post(ASK, {"text": "Cancel the duplicate that our upgrade left", "page": page_of(left)}, headers=HTMX)
    talk = str(Conversation.unscoped.get().conversation_id)
    stopped = client.post(ASK, {"text": "stop", "conversation": talk, "page": elsewhere}, headers=HTMX)
    line = stopped.content.decode().split('id="as-ctx"')[1].split("</div>")[0]
    assert "Looking at" in line
    assert "Tailspin Toys" in line


def test_the_ticket_frees_it(client: Client, left: Left, elsewhere: str) -> None:
    client.post(ASK, {"text": "Cancel the duplicate that our upgrade left", "page": page_of(left)}, headers=HTMX)
    proposal = waiting()
    base = f"/assistant/{proposal.conversation.conversation_id}/{proposal.proposal_id}"
    first = client.post(f"{base}/approve/", {"verification_id": code(), "page": elsewhere}, headers=HTMX)
    assert "Pinned" in first.content.decode()
    sent = {"email": "mara@contoso.com", "phone": "+1 425 555 0100", "page": elsewhere}
    done = client.post(f"{base}/contact/", sent, headers=HTMX).content.decode()
    assert Ticket.unscoped.count() == 1
    assert "Pinned" not in done
    assert "Tailspin Toys" in done.split('id="as-ctx"')[1].split("</div>")[0]


def test_a_pinned_page_can_be_removed(client: Client, left: Left, elsewhere: str) -> None:
    client.post(ASK, {"text": "Cancel the duplicate that our upgrade left", "page": page_of(left)}, headers=HTMX)
    talk = str(Conversation.unscoped.get().conversation_id)
    client.post("/assistant/look-away/", {"page": elsewhere, "next": elsewhere})
    client.post("/assistant/panel/", {"open": "1"})
    for path in (elsewhere, page_of(left)):
        assert "Looking at no page" in client.get(path).content.decode()
    answer = client.post(ASK, {"text": "list the subscriptions", "conversation": talk, "page": elsewhere}, headers=HTMX)
    assert "For which customer?" in answer.content.decode()
    assert waiting().state == "eligible", "the request itself goes on"


@pytest.mark.parametrize("text", ["how many licenses may go on a subscription?", "What is the price of a product?"])
def test_an_open_question_is_not_answered_by_the_next_page(
    client: Client, fabrikam: Customer, elsewhere: str, text: str
) -> None:
    here = f"/customers/{fabrikam.tenant_id}/"
    client.post(ASK, {"text": text, "page": here}, headers=HTMX)
    talk = Conversation.unscoped.get()
    shown = client.post(
        "/assistant/panel/", {"open": "1"}, headers=HTMX | {"HX-Current-URL": f"http://testserver{elsewhere}"}
    )
    line = shown.content.decode().split('id="as-ctx"')[1].split("</div>")[0]
    assert ("Pinned" in line, "Fabrikam Robotics" in line) == (True, True)
    answer = client.post(ASK, {"text": "Visio Plan 1", "conversation": str(talk.conversation_id), "page": elsewhere})
    assert "Tailspin" not in client.get(answer.url).content.decode().split('id="thread"')[1]


def test_a_question_about_nothing_yet_takes_the_next_page(client: Client, elsewhere: str) -> None:
    client.post(ASK, {"text": "list the subscriptions", "page": "/"}, headers=HTMX)
    talk = str(Conversation.unscoped.get().conversation_id)
    answer = client.post(ASK, {"text": "list the subscriptions", "conversation": talk, "page": elsewhere}, headers=HTMX)
    assert "Tailspin Toys has 1 subscription" in answer.content.decode()


def test_what_is_pinned_is_read_again(ours: Scope, left: Left, say: Say, as_of: datetime) -> None:
    page = services.look_at(ours, path=page_of(left), as_of=as_of)
    turn = say("Cancel the duplicate that our upgrade left", page=page)
    left.upgraded.delete()
    kept = services.context_of(ours, turn.conversation, page="/", as_of=as_of)
    assert (kept.label, kept.slots) == ("", {})


# A new conversation while something waits --------------------------------------------------------------


@pytest.fixture
def pending(client: Client, left: Left) -> Proposal:
    client.post(ASK, {"text": left.request})
    return waiting()


def test_a_new_conversation_asks_first(client: Client, pending: Proposal) -> None:
    asked = client.post(NEW, {"page": "/customers/"}, headers=HTMX).content.decode()
    assert "A request waits for your approval." in asked
    assert "Type or paste this verification ID" in asked, "the talk is still there"
    assert waiting().state == "eligible"
    again = client.post("/assistant/panel/", {"open": "1", "page": "/customers/"}, headers=HTMX).content.decode()
    assert "A request waits" not in again
    new = client.post(NEW, {"page": "/customers/", "sure": "1"}, headers=HTMX).content.decode()
    assert "What do you need" in new
    stopped = waiting()
    assert stopped.state == "stopped"
    assert stopped.conversation.cleared_at is not None
    closed = AuditEvent.objects.filter(event="assistant.proposal_closed").get()
    assert closed.after["state"] == "stopped"
    page = client.get(f"/assistant/{stopped.conversation.conversation_id}/").content.decode()
    assert "Stopped by you. Nothing changed." in page
    assert not Ticket.unscoped.exists()


def test_it_asks_without_a_script(client: Client, pending: Proposal) -> None:
    answer = client.post(NEW, {"page": "/customers/"}, follow=True)
    html = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith("?page=%2Fcustomers%2F&ask=new")
    assert "A request waits for your approval." in html
    assert 'name="sure" value="1"' in html
    assert "What do you need" in client.post(NEW, {"sure": "1"}, follow=True).content.decode()
    assert waiting().state == "stopped"


def test_after_the_approval_it_asks_as_well(client: Client, pending: Proposal) -> None:
    base = f"/assistant/{pending.conversation.conversation_id}/{pending.proposal_id}"
    client.post(f"{base}/approve/", {"verification_id": code()})
    assert waiting().state == "contact"
    assert "A request waits" in client.post(NEW, headers=HTMX).content.decode()


def test_what_expired_is_not_asked_about(client: Client, pending: Proposal) -> None:
    Proposal.unscoped.update(expires_at=clock.now() - timedelta(seconds=1))
    assert "What do you need" in client.post(NEW, headers=HTMX).content.decode()


def test_the_question_is_for_what_waits_only(client: Client) -> None:
    client.post(ASK, {"text": "hello"})
    talk = Conversation.unscoped.get().conversation_id
    assert "A request waits" not in client.get(f"/assistant/{talk}/?ask=new").content.decode()
    assert "What do you need" in client.post(NEW, headers=HTMX).content.decode()

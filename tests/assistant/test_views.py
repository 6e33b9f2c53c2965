"""The panel and its pages: with htmx and without, by the right people only, whatever is sent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assistant.models import Conversation, Feedback, Turn
from customers.models import Cart, CartLine, Customer
from customers.services import cart as carts
from portal.core import clock
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ASK = "/assistant/ask/"
Sign = Callable[[User], Client]


@pytest.fixture
def client(client_for: Sign, ours_user: User) -> Client:
    return client_for(ours_user)


@pytest.fixture
def open_cart(cart: Cart) -> Cart:
    """The pages read the clock, so the cart must not have expired by then."""
    Cart.unscoped.filter(pk=cart.pk).update(expires_at=cart.expires_at + timedelta(days=36500))
    return cart


def test_a_question_without_script(client: Client, ours: Scope) -> None:
    page = client.get("/assistant/")
    assert page.status_code == 200
    answer = client.post(ASK, {"text": "hello"}, follow=True)
    conversation = Conversation.objects.within(ours).get()
    assert answer.redirect_chain[0][0].startswith(f"/assistant/{conversation.conversation_id}/")
    assert "Hello." in answer.content.decode()


def test_a_question_with_htmx_adds_two_turns(client: Client) -> None:
    answer = client.post(ASK, {"text": "hello"}, headers=HTMX)
    html = answer.content.decode()
    assert answer["HX-Reswap"].startswith("innerHTML"), "the first answer replaces the suggestions"
    assert html.count('class="me"') == html.count('class="ai"') == 1
    assert "<html" not in html
    identifier = re.search(r'name="conversation" value="([^"]+)"', html)
    assert identifier
    again = client.post(ASK, {"text": "thanks", "conversation": identifier.group(1)}, headers=HTMX)
    assert again["HX-Reswap"].startswith("beforeend")


def test_what_is_missing_has_a_field(client: Client, ours: Scope) -> None:
    """A card or a chip that lacks something is answered by a small form; sent, it goes on."""
    html = client.post(ASK, {"text": "Get the list of subscriptions for a customer."}, headers=HTMX).content.decode()
    form = html.split('class="xcard need"')[1].split("</form>")[0]
    assert "Customer name, domain or tenant ID</label>" in form
    talk = str(Conversation.objects.within(ours).get().conversation_id)
    assert f'name="conversation" value="{talk}"' in form
    done = client.post(ASK, {"text": "Fabrikam Robotics", "conversation": talk}, headers=HTMX).content.decode()
    assert "Fabrikam Robotics has no subscriptions." in done
    assert "xcard need" not in done


def test_a_double_click_asks_once(client: Client, ours: Scope) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        assert client.post(ASK, {"text": "hello", "key": key}, headers=HTMX).status_code == 200
    assert Turn.objects.within(ours).count() == 2


def test_the_panel_opens_on_every_page_and_closes(client: Client) -> None:
    assert "What do you need" not in client.get("/carts/").content.decode()
    client.post("/assistant/panel/", {"open": "1", "next": "/carts/"})
    html = client.get("/carts/").content.decode()
    assert "What do you need, Mara?" in html
    assert "Looking at" in html
    assert client.post("/assistant/panel/", {"open": "0", "next": "/carts/"}).url == "/carts/"
    assert "What do you need" not in client.get("/carts/").content.decode()
    assert client.post("/assistant/panel/", {"open": "1", "next": "https://evil.example/"}).url == "/assistant/"


def test_closed_it_costs_no_query(client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get("/carts/")
    assert not [query for query in queries.captured_queries if "assistant_" in query["sql"]]


def test_looking_at_can_be_removed(client: Client, ours: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    page = f"/customers/{customer.tenant_id}/"
    taken = client.post(ASK, {"text": "list the subscriptions", "page": page}, headers=HTMX)
    assert "Fabrikam Robotics has no subscriptions." in taken.content.decode()
    client.post("/assistant/look-away/", {"page": page, "next": page})
    asked = client.post(ASK, {"text": "list the subscriptions", "page": page}, headers=HTMX)
    assert "For which customer?" in asked.content.decode()


def test_new_conversation_keeps_the_old_one(client: Client, ours: Scope) -> None:
    client.post(ASK, {"text": "list the subscriptions"})
    client.post("/assistant/new/")
    assert "What do you need" in client.get("/assistant/").content.decode()
    assert "list the subscriptions" in client.get("/assistant/earlier/").content.decode()
    assert Conversation.objects.within(ours).get().cleared_at is not None


def test_find_out_why_and_change_the_line(client: Client, ours: Scope, open_cart: Cart) -> None:
    sent = {"cart_id": str(open_cart.cart_id), "line": "1"}
    html = client.post("/assistant/find-out-why/", sent, headers=HTMX).content.decode()
    assert "Why is there no promotion on Microsoft 365 Business Premium?" in html
    assert "From the cart" in html
    assert "Change line 1 to 1 year, billed yearly?" in html
    assert 'id="say" hx-swap-oob="innerHTML">There is no promotion for' in html
    action = re.search(r'action="(/assistant/[^"]+/change/)"', html)
    assert action
    cart_page = reverse("customers:cart", kwargs={"cart_id": open_cart.cart_id})
    done = client.post(
        action.group(1), headers=HTMX | {"HX-Current-URL": f"http://testserver{cart_page}"}
    ).content.decode()
    assert "Line 1 is changed" in done
    assert f'hx-get="{cart_page}"' in done, "the cart's region loads itself again"
    assert CartLine.objects.within(ours).get().term_duration == "P1Y"
    plain = client.post("/assistant/find-out-why/", sent)
    assert plain.status_code == 302
    assert client.get(plain.url).status_code == 200


def test_the_line_that_the_open_panel_looks_at_is_marked(client: Client, ours: Scope, open_cart: Cart) -> None:
    line = CartLine.objects.within(ours).get(cart=open_cart)
    tailspin = factories.make_customer(open_cart.customer.partner, "Tailspin Toys")
    theirs = carts.open_for(ours, customer_id=tailspin.pk, as_of=clock.now())
    for cart_id, term in ((open_cart.cart_id, "P1Y"), (theirs.cart_id, "P1Y"), (theirs.cart_id, "P1M")):
        carts.add_line(
            ours, cart_id=cart_id, sku_id=line.sku_id, term_duration=term, billing_cycle="monthly", quantity=5,
            submission_key=None, as_of=clock.now(),
        )  # fmt: skip
    address = reverse("customers:cart", kwargs={"cart_id": open_cart.cart_id})
    other = reverse("customers:cart", kwargs={"cart_id": theirs.cart_id})

    def marked(page: str) -> list[str]:
        return re.findall(r'<tr id="([^"]+)" aria-current="true">', client.get(page).content.decode())

    assert marked(address) == []
    panel = client.post("/assistant/find-out-why/", {"cart_id": str(open_cart.cart_id), "line": "2"}, headers=HTMX)
    assert 'id="as-ctx" data-row="row-2"' in panel.content.decode(), "for the page that is there already"
    assert marked(address) == ["row-2"]
    assert 'id="row-2"' in client.get(other).content.decode()
    assert marked(other) == [], "a line of that number in another cart"
    talk = {"page": address, "conversation": str(Conversation.objects.within(ours).get().conversation_id)}
    client.post(ASK, {"text": "Cancel the duplicate that our upgrade left"} | talk)
    assert "Pinned" in client.get(other).content.decode()
    assert marked(other) == [], "what is pinned is the line of the first cart"
    client.post(ASK, {"text": "stop"} | talk)
    client.post("/assistant/look-away/", {"page": address})
    assert marked(address) == []
    client.post("/assistant/find-out-why/", {"cart_id": str(open_cart.cart_id), "line": "1"})
    assert marked(address) == ["row-1"], "without a script, back on the cart"
    client.post("/assistant/panel/", {"open": "0"})
    assert marked(address) == []


def test_feedback_reaches_staff(client: Client, ours: Scope) -> None:
    client.post(ASK, {"text": "hello"})
    turn = Turn.objects.within(ours).get(speaker="assistant")
    url = reverse("assistant:feedback", args=[turn.conversation.conversation_id, turn.number])
    thanks = client.post(url, {"helpful": "0", "reason": "wrong", "text": "Too short"}, headers=HTMX)
    assert "Thank you" in thanks.content.decode()
    client.post(url, {"helpful": "1"})
    found = Feedback.objects.within(ours).get()
    assert (found.helpful, found.reason) == (True, "")


def test_staff_read_feedback_with_the_transcript(client: Client, client_for: Sign, ours: Scope) -> None:
    client.post(ASK, {"text": "price of <script>nothing</script>"})
    turn = Turn.objects.within(ours).get(speaker="assistant")
    url = reverse("assistant:feedback", args=[turn.conversation.conversation_id, turn.number])
    client.post(url, {"helpful": "0", "reason": "incomplete", "text": "The <b>price</b> is missing"})
    rated = AuditEvent.objects.get(event="assistant.rated", partner_id=ours.partner_id)
    assert rated.after == {"turn": 2, "helpful": False, "reason": "incomplete"}
    staff = client_for(factories.make_staff())
    feedback = Feedback.objects.within(ours).get()
    listed = staff.get(reverse("admin:assistant_feedback_changelist")).content.decode()
    assert "incomplete" in listed
    page = staff.get(reverse("admin:assistant_feedback_change", args=[feedback.pk])).content.decode()
    assert "price of &lt;script&gt;nothing" in page
    assert "The &lt;b&gt;price" in page
    assert reverse("admin:assistant_conversation_change", args=[turn.conversation_id]) in page


def test_history_reopens_a_talk_and_a_new_one_keeps_it(client: Client, ours: Scope) -> None:
    client.post(ASK, {"text": "hello"})
    first = Conversation.objects.within(ours).get()
    client.post("/assistant/new/", {"page": "/customers/"})
    assert "Hello." not in client.get("/assistant/").content.decode()
    listed = client.get("/assistant/earlier/").content.decode()
    assert f'href="/assistant/{first.conversation_id}/' in listed
    assert "ended" in listed
    again = client.get(f"/assistant/{first.conversation_id}/").content.decode()
    assert "Hello." in again
    client.post(ASK, {"text": "thanks", "conversation": str(first.conversation_id)})
    assert Turn.objects.within(ours).filter(conversation=first).count() == 4, "it goes on where it stood"


def test_foreign_conversations_are_not_found(client: Client, client_for: Sign, theirs_user: User, ours: Scope) -> None:
    client.post(ASK, {"text": "hello"})
    mine = Conversation.objects.within(ours).get().conversation_id
    stranger = client_for(theirs_user)
    assert stranger.get(f"/assistant/{mine}/").status_code == 404
    assert stranger.post(ASK, {"text": "hello", "conversation": str(mine)}).status_code == 404
    assert stranger.post(f"/assistant/{mine}/2/feedback/", {"helpful": "1"}).status_code == 404
    assert stranger.post(f"/assistant/{mine}/2/change/").status_code == 404
    assert Turn.objects.within(ours).count() == 2


def test_a_foreign_cart_is_not_found(client_for: Sign, theirs_user: User, open_cart: Cart) -> None:
    sent = {"cart_id": str(open_cart.cart_id), "line": "1"}
    assert client_for(theirs_user).post("/assistant/find-out-why/", sent).status_code == 404


@pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
def test_who_may_not_sell_gets_the_explanation_only(
    role: str, client_for: Sign, ours_user: User, ours: Scope, open_cart: Cart
) -> None:
    reader = client_for(factories.make_member(ours_user.current_membership.partner, roles=(role,)))
    html = reader.post(
        "/assistant/find-out-why/", {"cart_id": str(open_cart.cart_id), "line": "1"}, headers=HTMX
    ).content.decode()
    assert "There is no promotion" in html
    assert "/change/" not in html
    conversation = Conversation.objects.within(ours).get(user=reader.session["_auth_user_id"])
    assert reader.post(f"/assistant/{conversation.conversation_id}/2/change/").status_code == 403
    assert CartLine.objects.within(ours).get().term_duration == "P1M"


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def test_nothing_typed_or_stored_becomes_markup(client: Client, ours_user: User, ours: Scope) -> None:
    customer = factories.make_customer(ours_user.current_membership.partner, f"Evil {NASTY}")
    factories.make_subscription(customer, name=NASTY)
    asked = client.post(ASK, {"text": f"list the subscriptions of {customer.tenant_id}"}, headers=HTMX).content.decode()
    assert "Evil" in asked
    typed = client.post(ASK, {"text": NASTY}, headers=HTMX).content.decode()
    page = client.get("/assistant/").content.decode()
    for html in (asked, typed, page):
        assert "<img" not in html
        assert "<script>alert" not in html
        assert "{{ 7*7 }}" in html


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x01\x02",
        "\u202e\u200b",
        "x" * 100_000,
        "(" * 2000,
        "'; DROP TABLE core_user; --",
        "%s %(a)s {}",
        "\ud800",
    ],
    ids=["empty", "blank", "control", "invisible", "100 kB", "brackets", "sql", "format", "surrogate"],
)
def test_no_text_breaks_it(client: Client, text: str) -> None:
    answer = client.post(ASK, {"text": text.encode("utf-8", "replace").decode()}, headers=HTMX)
    assert answer.status_code == 200
    assert len(answer.content) < 60_000


@pytest.mark.parametrize(
    "sent",
    [
        {"text": "hello", "conversation": "nonsense", "key": "nonsense", "page": "//evil.example/x"},
        {"text": "hello", "page": "/carts/not-a-uuid/"},
        {"text": "hello", "page": "x" * 5000},
        {"text": "hello", "page": "http://["},
        {"text": "hello", "choice": "x" * 5000, "origin": "x" * 5000},
        {},
    ],
)
def test_forged_forms_do_no_harm(client: Client, sent: dict[str, str]) -> None:
    assert client.post(ASK, sent, headers=HTMX).status_code == 200


@pytest.mark.parametrize("action", ["panel", "look-away"])
@pytest.mark.parametrize("target", ["0", "\\", "http://[", "//evil.example/", "https://evil.example/", "javascript:x"])
def test_the_way_back_is_a_page_of_ours(client: Client, action: str, target: str) -> None:
    assert client.post(f"/assistant/{action}/", {"next": target}).url == "/assistant/"
    assert client.post(f"/assistant/{action}/", {"next": "/customers/?q=a"}).url == "/customers/?q=a"


@pytest.mark.parametrize("page", ["http://[", "//[", "http://evil.example/customers/"])
def test_an_address_that_is_none_is_no_page(client: Client, page: str) -> None:
    assert client.get("/assistant/", {"page": page}).status_code == 200
    sent = {"HX-Request": "true", "HX-Current-URL": page}
    assert client.post("/assistant/panel/", {"open": "1"}, headers=sent).status_code == 200


@pytest.mark.parametrize("line", ["0", "99", "-1", "x", "9" * 30, ""])
def test_forged_cart_lines_are_not_found(client: Client, open_cart: Cart, line: str) -> None:
    sent = {"cart_id": str(open_cart.cart_id), "line": line}
    assert client.post("/assistant/find-out-why/", sent).status_code == 404


def test_too_many_questions_wait(client: Client) -> None:
    codes = [client.post(ASK, {"text": "hello"}, headers=HTMX).status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]
    assert client.post(ASK, {"text": "hello"}).status_code == 429

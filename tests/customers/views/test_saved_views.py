"""The views above a list: the built-in ones, the person's own behind them, and the forms to save and change one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from customers.models import SavedView
from portal.core.access import PartnerKind
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "/saved-views/customers/new/"
LISTS = {
    "customers": ("/customers/", "market=US"),
    "subscriptions": ("/subscriptions/", "status=active&ending=30"),
    "renewals": ("/renewals/", "term=P1Y"),
    "prices": ("/renewals/prices/", "change=cheaper"),
    "support": ("/support/", "status=closed"),
}


@pytest.fixture
def client(client_for: Callable[[User], Client], ours_user: User) -> Client:
    return client_for(ours_user)


def html(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def tabs(client: Client, address: str) -> list[tuple[str, str, bool]]:
    """Label, address and whether it is the one that is open, of each link above the list."""
    nav = re.findall(r'<nav class="views".*?</nav>', html(client, address), re.DOTALL)[0]
    links = re.findall(r'<a href="([^"]*)"([^>]*)>(?:<bdi>)?([^<]+)', nav)
    return [(label, url.replace("&amp;", "&"), "aria-current" in rest) for url, rest, label in links]


def own() -> list[tuple[str, str, str]]:
    return list(SavedView.objects.within(Scope.for_operator()).order_by("pk").values_list("listing", "name", "query"))


@pytest.mark.parametrize("listing", LISTS)
def test_save_open_rename_and_remove(client: Client, listing: str, announced: None) -> None:
    path, query = LISTS[listing]
    assert "Save view" not in dict.fromkeys(label for label, _, _ in tabs(client, path)), "nothing is filtered"
    before = tabs(client, f"{path}?{query}")
    assert before[-1] == ("Save view", f"/saved-views/{listing}/new/?{query}", False)
    sent = client.post(before[-1][1], {"name": "Mine & <more>"})
    assert (sent.status_code, sent.url) == (302, f"{path}?{query}")
    assert own() == [(listing, "Mine & <more>", query)]
    row = SavedView.objects.within(Scope.for_operator()).get()
    assert tabs(client, sent.url)[-2:] == [
        ("Mine &amp; &lt;more&gt;", sent.url, True), ("Rename or remove", f"/saved-views/{row.view_id}/", False),
    ]  # fmt: skip
    assert tabs(client, path)[-1] == ("Mine &amp; &lt;more&gt;", sent.url, False)
    change = f"/saved-views/{row.view_id}/"
    assert 'value="Mine &amp; &lt;more&gt;"' in html(client, change)
    assert client.post(change, {"name": "Better"}).url == sent.url
    assert own() == [(listing, "Better", query)]
    assert client.post(change, {"op": "remove", "name": ""}).url == sent.url
    assert own() == []
    assert client.get(change).status_code == 404
    assert tabs(client, sent.url) == before
    events = AuditEvent.objects.filter(event__startswith="view.").order_by("pk").values_list("event", flat=True)
    assert list(events) == ["view.saved", "view.renamed", "view.removed"]


@pytest.fixture
def announced(db: None) -> None:
    factories.make_price(factories.make_sku(), view="future", unit_price="300.00")


def test_the_list_brings_its_views_to_htmx_too(client: Client) -> None:
    client.post(f"{NEW}?market=US", {"name": "United States"})
    part = client.get("/customers/?market=US", headers={"HX-Request": "true"}).content.decode()
    assert '<a href="/customers/?market=US" hx-get="/customers/?market=US" aria-current="page">' in part


def test_a_built_in_view_is_not_saved_again(client: Client) -> None:
    assert "Save view" not in [label for label, _, _ in tabs(client, "/customers/?renewing=60")]


def test_only_the_filters_that_the_list_knows_are_stored(client: Client) -> None:
    address = f"{NEW}?market=US&renewing=31&sort=name&page=last&next=//evil.example&status=active&q=%20fab%20"
    page = html(client, address)
    assert "Market: US" in page
    assert "Search: fab" in page
    assert client.post(address, {"name": "Known", "query": "q=other"}).url == "/customers/?q=fab&market=US"
    assert own() == [("customers", "Known", "q=fab&market=US")]


def test_saved_twice_it_says_so_and_keeps_the_form(client: Client) -> None:
    client.post(f"{NEW}?market=US", {"name": "Mine"})
    again = client.post(f"{NEW}?market=DE", {"name": "mine"})
    page = again.content.decode()
    assert again.status_code == 422
    assert 'id="id_name_error"' in page
    assert "You have a view “mine” of this list already." in page
    assert re.search(r'<input[^>]*name="name"[^>]*value="mine"|<input[^>]*value="mine"[^>]*name="name"', page)
    assert "Market: DE" in page
    assert "<title>Error: " in page
    assert len(own()) == 1


@pytest.mark.parametrize(("name", "said"), [("", "Enter a name."), ("x" * 61, "1 to 60")])
def test_a_name_that_cannot_be(client: Client, name: str, said: str) -> None:
    client.post(f"{NEW}?market=US", {"name": "Mine"})
    change = f"/saved-views/{SavedView.objects.within(Scope.for_operator()).get().view_id}/"
    for address in (f"{NEW}?market=DE", change):
        refused = client.post(address, {"name": name})
        assert refused.status_code == 422
        assert said in refused.content.decode()
    assert own() == [("customers", "Mine", "market=US")]


def test_nothing_to_save(client: Client) -> None:
    assert "No filter is set." in html(client, f"{NEW}?renewing=31")
    assert "Choose a filter in the list first." in client.post(NEW, {"name": "All"}).content.decode()
    assert client.get("/saved-views/orders/new/?q=a").status_code == 404
    assert own() == []


def test_nobody_else_sees_it(client: Client, client_for: Callable[[User], Client], ours_user: User) -> None:
    client.post(f"{NEW}?market=US", {"name": "Mine"})
    change = f"/saved-views/{SavedView.objects.within(Scope.for_operator()).get().view_id}/"
    partner: Partner = ours_user.current_membership.partner
    stranger = factories.make_member(factories.make_partner("Elsewhere", kind=PartnerKind.INDIRECT_PROVIDER))
    for other in (factories.make_member(partner, name="Colleague"), stranger):
        theirs = client_for(other)
        assert "Mine" not in [label for label, _, _ in tabs(theirs, "/customers/")]
        assert theirs.get(change).status_code == 404
        assert theirs.post(change, {"name": "Theirs"}).status_code == 404
        assert theirs.post(change, {"op": "remove"}).status_code == 404
    assert own() == [("customers", "Mine", "market=US")]


def test_a_distributors_filter_is_known_only_to_distributors(
    client: Client, client_for: Callable[[User], Client]
) -> None:
    direct = factories.make_member(factories.make_partner("Direct", kind=PartnerKind.DIRECT_BILL))
    address = "/saved-views/subscriptions/new/?record=problem&status=active"
    assert client_for(direct).post(address, {"name": "Mine"}).url == "/subscriptions/?status=active"
    assert client.post(address, {"name": "Mine"}).url == "/subscriptions/?status=active&record=problem"

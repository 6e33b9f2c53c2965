"""Another tenant's thing is not found, by any address, and looks the same as one that never was."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache

from portal.core.access import PartnerKind, Role
from tests.access.table import TABLE
from tests.access.world import World, make_catalog, signed_in, tried
from tests.architecture.sources import ROOT, templates

pytestmark = pytest.mark.django_db

IDS = ("tenant_id", "subscription_id", "cart_id", "order_id", "conversation_id", "view_id", "pk")
# What an argument is that nobody has.
NOWHERE: dict[str, Any] = {
    "tenant_id": uuid.UUID(int=1), "subscription_id": uuid.UUID(int=2), "cart_id": uuid.UUID(int=3),
    "order_id": "0" * 12, "conversation_id": uuid.UUID(int=4), "view_id": uuid.UUID(int=5), "pk": 987_654_321,
}  # fmt: skip
# A refused form that is loaded again leads to its page, which says that there is nothing.
AFTER_THE_FACT = {"customers:cart_line", "customers:catalog_add", "customers:subscription_notice"}
PARAMETER = re.compile(r"""(?:GET|POST|data)\.get(?:list)?\(["']([a-z_-]+)|name="([a-z_]+)\"""")


def parameters() -> list[str]:
    """Every name that a view, a form or a template reads from the address or a form."""
    files = [*(ROOT / "customers").rglob("*.py"), *(ROOT / "assistant").rglob("*.py"), *templates()]
    files += [*(ROOT / "downloads").rglob("*.py"), *(ROOT / "portal").rglob("*.py")]
    found = {name for path in files for pair in PARAMETER.findall(path.read_text()) for name in pair if name}
    return sorted(found | {"customer", "reseller", "into", "after", "line", "reseller-1"})


@pytest.fixture
def worlds(db: None) -> tuple[World, World]:
    make_catalog()
    ours = World.of(PartnerKind.INDIRECT_PROVIDER, "Distribution", roles=tuple(Role.values))
    return ours, World.of(PartnerKind.INDIRECT_PROVIDER, "Wholesale", mark="Theirs")


def asked(
    ours: World, name: str, ids: dict[str, Any], method: str, data: dict[str, Any], **headers: str
) -> tuple[int, str]:
    """The answer to our person, for an address with these ids. What was changed is undone."""
    cache.clear()
    address = replace(ours, arguments=ours.arguments | ids).address(name)
    return tried(signed_in(ours.user), method, address, data, **headers)


def neutral(text: str, ids: dict[str, Any]) -> str:
    """Without what differs between any two requests, and without the ids that were asked for."""
    for value in ids.values():
        text = re.sub(rf"\b{value}\b", "·", text)
    return re.sub(r'csrf[^"]*"[^"]*"[^"]*"', "", text, flags=re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_id_is_like_a_missing_one(worlds: tuple[World, World], name: str, method: str) -> None:
    ours, theirs = worlds
    own = ours.address(name)
    used = [key for key in IDS if str(ours.arguments[key]) in own]
    if not used:
        return
    foreign = {key: theirs.arguments[key] for key in used}
    missing = {key: NOWHERE[key] for key in used}
    data = TABLE[name].data(ours) if method == "post" else {}
    for headers in ({}, {"HX-Request": "true"}):
        status, body = asked(ours, name, foreign, method, data, **headers)
        status_missing, body_missing = asked(ours, name, missing, method, data, **headers)
        assert status == status_missing, name
        assert status in (404, 405) or name in AFTER_THE_FACT, (name, status)
        assert neutral(body, foreign) == neutral(body_missing, missing)
        assert "Theirs" not in body


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_foreign_id_in_a_parameter_shows_nothing(worlds: tuple[World, World], name: str) -> None:
    """Each parameter that any page reads, with each of their ids: in no answer is a word of theirs."""
    ours, theirs = worlds
    values = [str(theirs.arguments[key]) for key in IDS if key != "pk"]
    values += [str(theirs.customer.reseller_id), f"{theirs.subscription.subscription_id}|one"]
    known = {
        "customer": "tenant_id",
        "into": "subscription_id",
        "cart_id": "cart_id",
        "conversation": "conversation_id",
        "tid": "ticket_id",
    }
    row = TABLE[name]
    for method in [method for method, cell in (("get", row.get), ("post", row.post)) if "405" not in cell]:
        for turn in range(3):
            data = row.data(ours) if method == "post" else {}
            data |= {key: values[(place + turn) % len(values)] for place, key in enumerate(parameters())}
            if turn == 0:  # each where it belongs
                data |= {key: str(theirs.arguments[name]) for key, name in known.items()}
            data.pop("text", None)  # the assistant repeats what it is told
            status, body = asked(ours, name, {}, method, data)
            assert status < 500, (name, data)
            assert "Theirs" not in body, (name, method, data)
    theirs.subscription.refresh_from_db()
    assert theirs.subscription.etag == "one"


def test_the_guard_is_alive(worlds: tuple[World, World]) -> None:
    assert {"customer", "into", "q", "etag", "cart_id", "conversation", "sort"} <= set(parameters())
    ours, theirs = worlds
    assert "Theirs" in asked(theirs, "customers:customer", {}, "get", {})[1]
    assert "Ours" in asked(ours, "customers:subscriptions", {}, "get", {})[1]

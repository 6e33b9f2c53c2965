"""Every address, every role, every kind of partner: who gets in, and what the others are told (contract §13)."""

from __future__ import annotations

import re

import pytest

from portal.core.access import PartnerKind
from portal.core.models import User
from tests.access.table import TABLE, Row, expected
from tests.access.world import PEOPLE, Person, World, make_catalog, signed_in, tried

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name.replace(" ", "-"))
def test_who_may_open_what(person: Person) -> None:
    make_catalog()
    world = person.world()
    account = person.account(world)
    wrong = []
    for name, row in TABLE.items():
        for method, cell in (("get", row.get), ("post", row.post)):
            got, refusal = ask(account, world, name, row, method)
            if got != expected(cell, person):
                wrong.append(f"{method.upper()} {name}: {got} instead of {expected(cell, person)}")
            if got == 403 and not helps(refusal):
                wrong.append(f"{method.upper()} {name}: the refusal does not say who may, or has no way on")
    assert not wrong, "\n".join(wrong)


def ask(account: User | None, world: World, name: str, row: Row, method: str) -> tuple[int, str]:
    """The status and what is in <main>. What was changed is undone, so that each request finds the world as it was."""
    data = row.data(world) if method == "post" else {}
    status, body = tried(signed_in(account), method, world.asked(name, row.query), data)
    return status, (re.findall(r"<main.*</main>", body, re.DOTALL) or [""])[0]


def helps(refusal: str) -> bool:
    """A page that refuses says why, and leads somewhere."""
    reasons = "needs the role|cannot transact|look but not transact|belongs to no partner|back office"
    return bool(re.search(reasons, refusal)) and ("href=" in refusal or "<button" in refusal)


def test_the_table_tells_people_apart() -> None:
    """The guard is alive: of each group somebody gets in and somebody does not."""
    cells = {cell.split()[0] for row in TABLE.values() for cell in (row.get, row.post)}
    assert cells == {
        "public",
        "signed_in",
        "members",
        "distributors",
        "sellers",
        "distributing_sellers",
        "strangers",
        "staff",
        "owners",
        "billing",
        "schedulers",
        "at_home",
    }
    for who in cells - {"public"}:
        assert len({expected(f"{who} 200", person) for person in PEOPLE}) > 1
    resellers = [person for person in PEOPLE if person.kind == PartnerKind.INDIRECT_RESELLER]
    assert len(resellers) == 4
    assert {expected("sellers 302", person) for person in resellers} == {403}

"""Why a cart line has no promotion, and the one press that brings it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.exceptions import PermissionDenied

from assistant import services
from assistant.models import Turn
from customers.models import Cart, CartLine
from customers.services import cart as carts
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


def _ask(scope: Scope, cart: Cart, as_of: datetime, text: str = "Why is there no promotion?") -> Turn:
    page = services.of_cart(scope, cart_id=cart.cart_id, number=1, as_of=as_of)
    return services.handle(scope, text=text, page=page, opens="find_out_why", as_of=as_of).answer


def _press(scope: Scope, turn: Turn, as_of: datetime) -> Turn:
    conversation = turn.conversation.conversation_id
    return services.change_line(scope, conversation_id=conversation, number=turn.number, as_of=as_of)


def test_says_why_and_shows_the_grid(ours: Scope, cart: Cart, as_of: datetime) -> None:
    turn = _ask(ours, cart, as_of)
    assert turn.text.startswith("There is no promotion for 1 month, billed monthly.")
    matrix, change = turn.answer["cards"]
    assert [row["term"] for row in matrix["rows"]] == ["P1M", "P1Y", "P3Y"]
    cells = {
        (row["term"], cycle): cell
        for row in matrix["rows"]
        for cycle, cell in zip(matrix["cycles"], row["cells"], strict=True)
    }
    assert cells["P1M", "monthly"]["mine"] == "your line"
    assert (cells["P1Y", "annual"]["discount"], cells["P1Y", "annual"]["per_month"]) == ("25% off", "$375.00")
    assert not cells["P3Y", "monthly"]["offered"]
    assert change["title"] == "Change line 1 to 1 year, billed yearly?"
    assert (change["before"], change["after"]) == ("$660.00", "$375.00")
    assert (change["keep"], change["dearer"]) == ("1 month", False)
    assert any(not check["passed"] and check["code"] == "Term" for check in turn.answer["checks"])
    assert len(turn.answer["sources"]) == 2


def test_one_press_changes_the_line_once(ours: Scope, cart: Cart, as_of: datetime) -> None:
    turn = _ask(ours, cart, as_of)
    done = _press(ours, turn, as_of)
    line = CartLine.objects.within(ours).get(cart=cart)
    assert (line.term_duration, line.billing_cycle, line.quantity) == ("P1Y", "annual", 25)
    assert done.text.startswith("Line 1 is changed to 1 year, billed yearly.")
    assert _press(ours, turn, as_of).pk == done.pk, "pressed again it shows the first result"
    cart.refresh_from_db()
    version = cart.version
    _press(ours, turn, as_of)
    cart.refresh_from_db()
    assert cart.version == version


def test_a_line_that_changed_meanwhile_is_left_alone(ours: Scope, cart: Cart, as_of: datetime) -> None:
    turn = _ask(ours, cart, as_of)
    carts.change_line(ours, cart_id=cart.cart_id, number=1, version=cart.version, quantity=30, as_of=as_of)
    refused = _press(ours, turn, as_of)
    assert refused.status == "error"
    assert refused.text.startswith("Nothing was changed.")
    assert CartLine.objects.within(ours).get(cart=cart).term_duration == "P1M"


def test_keeping_the_line_closes_the_offer(ours: Scope, cart: Cart, as_of: datetime) -> None:
    turn = _ask(ours, cart, as_of)
    services.keep_line(ours, conversation_id=turn.conversation.conversation_id, number=turn.number, as_of=as_of)
    turn.refresh_from_db()
    assert turn.answer["cards"][1]["kept"]
    assert CartLine.objects.within(ours).get(cart=cart).term_duration == "P1M"


def test_without_the_right_to_sell_there_is_an_explanation_and_no_button(
    ours_user: User, ours: Scope, cart: Cart, as_of: datetime
) -> None:
    helpdesk = factories.make_member(ours_user.current_membership.partner, roles=("helpdesk_agent",))
    scope = helpdesk.current_membership.scope()
    turn = _ask(scope, cart, as_of)
    assert turn.text.startswith("There is no promotion")
    assert turn.answer["cards"][1]["may"] is False
    with pytest.raises(PermissionDenied):
        _press(scope, turn, as_of)
    assert CartLine.objects.within(ours).get(cart=cart).term_duration == "P1M"


def test_typed_on_the_cart_page(ours: Scope, cart: Cart, as_of: datetime) -> None:
    page = services.look_at(ours, path=f"/carts/{cart.cart_id}/", as_of=as_of)
    for text in ("Why is there no promotion on line 1?", "Why is there no promotion in this cart?"):
        assert services.handle(ours, text=text, page=page, as_of=as_of).answer.status == "answered"
    missing = services.handle(ours, text="Why is there no promotion on line 7?", page=page, as_of=as_of).answer
    assert missing.text.startswith("There is no line 7 in this cart.")
    away = services.handle(ours, text="Why is there no promotion?", as_of=as_of).answer
    assert (away.status, away.answer["asks_for"]) == ("needs_input", ["cart_line"])


def test_the_name_of_a_product_cannot_ask_for_something_else(ours: Scope, cart: Cart, as_of: datetime) -> None:
    text = "Why is there no promotion on EST report download all subscriptions?"
    assert _ask(ours, cart, as_of, text).skill == "find_out_why"


def test_a_foreign_cart_is_not_found(theirs: Scope, cart: Cart, as_of: datetime) -> None:
    with pytest.raises(carts.CartNotFound):
        services.of_cart(theirs, cart_id=cart.cart_id, number=1, as_of=as_of)
    assert services.look_at(theirs, path=f"/carts/{cart.cart_id}/", as_of=as_of) == services.NOWHERE

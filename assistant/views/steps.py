"""A request about duplicates, one form after the other. Each has its own address and works without script."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from assistant import services
from assistant.views.panel import PAGE, PANEL, answered, beside, build, too_many, whole_panel
from assistant.views.session import conversation_url, current, identifier, page_path, remember
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page, wants_part


@require_POST
@needs("sell")
def cancellation_help(request: HttpRequest) -> HttpResponse:
    """From the banner of a subscription: the question is filled in as the person's turn and sent."""
    as_of, scope = clock.now(), request.scope
    subscription_id = identifier(request.POST.get("subscription_id"))
    if subscription_id is None:
        raise Http404("There is no such subscription.")
    try:
        services.check_rate(scope, as_of=as_of)
        page, text = services.of_upgrade(scope, subscription_id=subscription_id, as_of=as_of)
        exchange = services.handle(
            scope,
            text=text,
            as_of=as_of,
            conversation_id=current(request),
            page=page,
            origin="page",
            opens="cancel_duplicate",
            submission_key=identifier(request.POST.get("key")),
        )
    except SubscriptionNotFound as missing:
        raise Http404(str(missing)) from missing
    except services.TooManyQuestions as many:
        return too_many(request, many)
    remember(request, open=True, conversation=str(exchange.conversation.conversation_id), away="")
    if wants_part(request):
        built = build(request, str(exchange.conversation.conversation_id), page=page.path)
        return whole_panel(request, built, say=exchange.answer.answer.get("lead", ""))
    url = conversation_url(exchange.conversation.conversation_id, page.path)
    return redirect(f"{url}#turn-{exchange.question.number}")


@require_POST
@needs("sell")
def check(request: HttpRequest, conversation_id: uuid.UUID, number: int) -> HttpResponse:
    """Which are the duplicates, and what should happen."""
    reduce, quantity = request.POST.get("action") == "reduce", request.POST.get("quantity", "").strip()[:9]
    keys = request.POST.getlist("subscription")[:50]
    as_of = clock.now()
    try:
        services.check_rate(request.scope, as_of=as_of)
        done = services.steps.check(
            request.scope,
            conversation_id=conversation_id,
            number=number,
            keys=keys,
            reduce=reduce,
            quantity=quantity,
            key=identifier(request.POST.get("key")),
            as_of=as_of,
        )
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    except services.TooManyQuestions as many:
        return too_many(request, many)
    if isinstance(done, services.Exchange):
        shown = services.get_turn(request.scope, conversation_id=conversation_id, number=number)
        return answered(request, done, page=_page(request), replaced=[shown], focus=True)
    sent = {"errors": done.errors, "keys": keys, "quantity": quantity, "reduce": reduce}
    return _again(request, done, {f"turn-{number}": sent})


@require_POST
@needs("sell")
def approve(request: HttpRequest, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    """The verification ID."""
    typed = request.POST.get("verification_id", "")[:64]
    return _step(
        request, services.steps.approve, conversation_id, proposal_id, {"typed": typed}, {"verification_id": typed}
    )


@require_POST
@needs("sell")
def contact(request: HttpRequest, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    """E-mail address and phone number; then the ticket."""
    values = {"email": request.POST.get("email", "")[:254], "phone": request.POST.get("phone", "")[:60]}
    return _step(request, services.steps.contact, conversation_id, proposal_id, values, values)


@require_POST
@needs("sell")
def again(request: HttpRequest, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    """Check the same request once more."""
    return _ask(request, services.steps.again, conversation_id, proposal_id)


@require_POST
@needs("sell")
def instead(request: HttpRequest, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    """Fewer licenses instead of canceling."""
    return _ask(request, services.steps.instead, conversation_id, proposal_id)


def _ask(request: HttpRequest, act: Any, conversation_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    as_of = clock.now()
    try:
        services.check_rate(request.scope, as_of=as_of)
        exchange = act(
            request.scope,
            conversation_id=conversation_id,
            proposal_id=proposal_id,
            key=identifier(request.POST.get("key")),
            as_of=as_of,
        )
        cards = services.steps.cards_of(request.scope, conversation_id=conversation_id, proposal_id=proposal_id)
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    except services.TooManyQuestions as many:
        return too_many(request, many)
    return answered(request, exchange, page=_page(request), replaced=cards, focus=True)


def _step(
    request: HttpRequest,
    act: Any,
    conversation_id: uuid.UUID,
    proposal_id: uuid.UUID,
    values: dict[str, str],
    typed: dict[str, str],
) -> HttpResponse:
    as_of = clock.now()
    key = identifier(request.POST.get("key")) or uuid.uuid4()
    try:
        services.check_rate(request.scope, as_of=as_of)
        done = act(
            request.scope,
            conversation_id=conversation_id,
            proposal_id=proposal_id,
            key=str(key),
            as_of=as_of,
            **values,
        )
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    except services.TooManyQuestions as many:
        return too_many(request, many)
    if done.errors:
        return _again(request, done, {str(proposal_id): {"errors": done.errors, "values": typed}})
    return _advanced(request, done)


def _advanced(request: HttpRequest, done: services.steps.Step) -> HttpResponse:
    """The next card, and the cards before it as they stand now."""
    turn, conversation_id = done.turn, done.conversation.conversation_id
    number = turn.number if turn else done.cards[-1].number if done.cards else 0
    if not wants_part(request):
        return redirect(conversation_url(conversation_id, _page(request)) + f"#turn-{number}")
    context = {
        "turns": [_focused(services.turn_of(turn))] if turn else [],
        "replaced": [services.turn_of(card) | {"is_last": False} for card in done.cards if card.number != number],
        "say": turn.answer.get("lead", "") if turn else "",
        "shown_on": _page(request),
        **beside(request, conversation_id, _page(request)),
    }
    return render_page(request, PANEL, context, part="exchange")


def _again(request: HttpRequest, done: services.steps.Step, problems: dict[str, Any]) -> HttpResponse:
    """The card with its errors, what was typed kept. A card that is over is shown as it stands."""
    status = 422 if done.errors else 200
    said = " ".join(done.errors.values()) or "This was answered already."
    if wants_part(request):
        card = done.cards[-1]
        context = {"turns": [services.turn_of(card, problems)], "say": said, "shown_on": _page(request)}
        response = render_page(request, PANEL, context, part="again", status=status)
        response["HX-Retarget"], response["HX-Reswap"] = f"#turn-{card.number}", "outerHTML"
        return response
    if not done.errors:
        return redirect(conversation_url(done.conversation.conversation_id, _page(request)))
    built = build(request, str(done.conversation.conversation_id), page=_page(request), problems=problems)
    whole = {"panel": built, "as_page": True, "errors": done.errors}
    return render_page(request, PAGE, whole, part="thread", status=status)


def _focused(turn: dict[str, Any]) -> dict[str, Any]:
    """A button was pressed inside a card: the heading of the next card takes the focus."""
    for card in turn["answer"].get("cards", ()):
        card["focus"] = True
        break
    return turn


def _page(request: HttpRequest) -> str:
    return page_path(request.POST.get("page", ""))

"""The panel and its full pages. Every step is a form with its own address and works without script."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from assistant import services
from assistant.models import Turn
from assistant.views.session import (
    conversation_url,
    current,
    identifier,
    is_own_page,
    memory,
    page_of,
    page_path,
    page_query,
    remember,
)
from customers.services.cart import CartNotFound
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page, wants_part
from portal.core.views import safe_next

PANEL = "assistant/panel.html"
PAGE = "assistant/page.html"


@require_safe
@needs("view")
def home(request: HttpRequest) -> HttpResponse:
    """The assistant as a page: the current conversation goes on, else a new one starts."""
    remembered = memory(request)
    built = build(request, remembered.get("conversation", ""), page=page_path(request.GET.get("page", "")))
    return render_page(request, PAGE, {"panel": built, "as_page": True}, part="thread")


@require_safe
@needs("view")
def conversation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """One conversation, opened again: it becomes the current one."""
    page = page_path(request.GET.get("page", ""))
    try:
        built = services.build(
            request.scope,
            conversation_id=str(conversation_id),
            page=page,
            look_away=False,
            may_start_over=False,
            asks_new=request.GET.get("ask") == "new",
            as_of=clock.now(),
        )
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    remember(request, conversation=str(conversation_id))
    return render_page(request, PAGE, {"panel": built, "as_page": True}, part="thread")


@require_safe
@needs("view")
def earlier(request: HttpRequest) -> HttpResponse:
    rows = services.earlier(request.scope)
    page = page_path(request.GET.get("page", ""))
    return render_page(request, "assistant/earlier.html", {"conversations": rows, "page": page}, part="list")


@require_POST
@needs("view")
def ask(request: HttpRequest) -> HttpResponse:
    """One question. The same key again shows the first answer."""
    as_of, scope = clock.now(), request.scope
    conversation_id = identifier(request.POST.get("conversation"))
    page = page_path(request.POST.get("page", ""))
    try:
        services.check_rate(scope, as_of=as_of)
        known = services.get(scope, conversation_id=conversation_id) if conversation_id else None
        exchange = services.handle(
            scope,
            text=request.POST.get("text", ""),
            choice=request.POST.get("choice", "")[:200],
            as_of=as_of,
            conversation_id=conversation_id,
            page=services.NOWHERE
            if memory(request).get("away") == page
            else services.context_of(scope, known, page=page, as_of=as_of),
            origin=request.POST.get("origin", ""),
            submission_key=identifier(request.POST.get("key")),
        )
    except services.TooManyQuestions as many:
        return too_many(request, many)
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    return answered(request, exchange, page=page)


@require_POST
@needs("view")
def find_out_why(request: HttpRequest) -> HttpResponse:
    """From "No promotion · Find out why": the question is filled in as the person's turn and sent."""
    as_of, scope = clock.now(), request.scope
    cart_id, line = identifier(request.POST.get("cart_id")), request.POST.get("line", "")
    if cart_id is None or not (line.isascii() and line.isdigit() and len(line) < 7):
        raise Http404("There is no such cart line.")
    try:
        services.check_rate(scope, as_of=as_of)
        page = services.of_cart(scope, cart_id=cart_id, number=int(line), as_of=as_of)
        name = page.slots["cart_line"]["note"]
        exchange = services.handle(
            scope,
            text=f"Why is there no promotion on {name[:200]}?",
            as_of=as_of,
            conversation_id=current(request),
            page=page,
            origin="cart",
            opens="find_out_why",
            submission_key=identifier(request.POST.get("key")),
        )
    except CartNotFound as missing:
        raise Http404("There is no such cart line.") from missing
    except services.TooManyQuestions as many:
        return too_many(request, many)
    remember(request, open=True, conversation=str(exchange.conversation.conversation_id), away="")
    if wants_part(request):
        built = build(request, str(exchange.conversation.conversation_id), page=page.path)
        return whole_panel(request, built, say=exchange.answer.answer.get("lead", ""))
    return redirect(conversation_url(exchange.conversation.conversation_id, page.path))


@require_POST
@needs("view")
def panel(request: HttpRequest) -> HttpResponse:
    """Open or close the panel; it stays so on every page. Without script: back to the page."""
    is_open = request.POST.get("open") == "1"
    remember(request, open=is_open)
    page = page_of(request)
    if wants_part(request):
        if not is_open:
            return HttpResponse(status=204)
        return whole_panel(request, build(request, memory(request).get("conversation", ""), page=page))
    return HttpResponseRedirect(safe_next(request, reverse("assistant:home")))


@require_POST
@needs("view")
def new(request: HttpRequest) -> HttpResponse:
    """New conversation: the old one stays in the list. A request that waits for approval is asked about first."""
    ended, as_of, page = current(request), clock.now(), page_of(request)
    if ended is not None and request.POST.get("sure") != "1":
        talk = services.get(request.scope, conversation_id=ended)
        if services.is_waiting(request.scope, conversation=talk, as_of=as_of):
            return _ask_first(request, str(ended), page)
    if ended is not None:
        services.clear(request.scope, conversation_id=ended, as_of=as_of)
    remember(request, conversation="")
    if wants_part(request):
        return whole_panel(request, build(request, "", page=page))
    return redirect(reverse("assistant:home") + page_query(page))


def _ask_first(request: HttpRequest, conversation_id: str, page: str) -> HttpResponse:
    if wants_part(request):
        built = build(request, conversation_id, page=page, asks_new=True)
        return whole_panel(request, built, say="A request waits for your approval. End it and start new?")
    url = conversation_url(conversation_id, page)
    return redirect(f"{url}{'&' if '?' in url else '?'}ask=new")


@require_POST
@needs("view")
def look_away(request: HttpRequest) -> HttpResponse:
    """The person removes "Looking at": the assistant asks instead of taking it from this page."""
    page = page_path(request.POST.get("page", ""))
    remember(request, away=page)
    talk = current(request)
    if talk is not None:
        services.look_away(request.scope, conversation_id=talk)
    if wants_part(request):
        return whole_panel(request, build(request, str(talk or ""), page=page))
    return HttpResponseRedirect(safe_next(request, reverse("assistant:home")))


@require_POST
@needs("sell")
def change(request: HttpRequest, conversation_id: uuid.UUID, number: int) -> HttpResponse:
    """The one press under an answer. What is done was stored with the answer; the request only says go."""
    as_of, scope = clock.now(), request.scope
    keep = request.POST.get("keep") == "1"
    act = services.keep_line if keep else services.change_line
    try:
        turn = act(scope, conversation_id=conversation_id, number=number, as_of=as_of)
        shown = services.get_turn(scope, conversation_id=conversation_id, number=number)
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    if not wants_part(request):
        return redirect(conversation_url(conversation_id, "") + f"#turn-{turn.number}")
    cart: dict[str, Any] = next((card for card in shown.answer["cards"] if card["kind"] == "change_line"), {})
    cart_url = reverse("customers:cart", kwargs={"cart_id": cart["cart_id"]})
    context = {
        "turns": [] if keep else [services.turn_of(turn)],
        "replaced": [services.turn_of(shown) | {"is_last": False}],
        "refresh_cart": cart_url if not keep and page_of(request) == cart_url else "",
        "say": "Kept as it is." if keep else turn.answer.get("lead", ""),
        "shown_on": "",
    }
    return render_page(request, PANEL, context, part="exchange")


@require_safe
@needs("view")
def report(request: HttpRequest, conversation_id: uuid.UUID, number: int) -> HttpResponse:
    """The card of a report as it stands now; it asks again by itself until the file is done."""
    scope = request.scope  # type: ignore[attr-defined]
    try:
        card = services.report_of(scope, conversation_id=conversation_id, number=number)
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    if not wants_part(request):
        return redirect(conversation_url(conversation_id, "") + f"#turn-{number}")
    asked = request.GET.get("asked", "")
    context = {
        "card": card,
        "turn": {"conversation": conversation_id, "number": number},
        "asked": min(int(asked), 99) + 1 if asked.isascii() and asked.isdigit() and len(asked) < 4 else 1,
        "say": "" if card["running"] else f"{card['title']}: {card['state']}.",
    }
    return render_page(request, PANEL, context, part="report")


@require_POST
@needs("view")
def feedback(request: HttpRequest, conversation_id: uuid.UUID, number: int) -> HttpResponse:
    """Thumbs up or down, with a reason."""
    scope = request.scope
    try:
        turn = services.give_feedback(
            scope,
            conversation_id=conversation_id,
            number=number,
            helpful=request.POST.get("helpful") == "1",
            reason=request.POST.get("reason", ""),
            text=request.POST.get("text", ""),
            as_of=clock.now(),
        )
    except services.ConversationNotFound as missing:
        raise Http404(str(missing)) from missing
    if wants_part(request):
        return render_page(request, PANEL, {"turn": services.turn_of(turn)}, part="thanks")
    return redirect(conversation_url(conversation_id, "") + f"#turn-{number}")


# Shared -------------------------------------------------------------------------------------------


def answered(
    request: HttpRequest,
    exchange: services.Exchange,
    *,
    page: str,
    replaced: Sequence[Turn] = (),
    focus: bool = False,
) -> HttpResponse:
    """The question and its answer. `replaced` are turns whose cards look otherwise now; `focus`: a button inside a
    card was pressed, so the next card's heading takes the focus."""
    conversation_id = str(exchange.conversation.conversation_id)
    remember(request, conversation=conversation_id)
    if not wants_part(request):
        return redirect(conversation_url(conversation_id, page) + f"#turn-{exchange.question.number}")
    answer = services.turn_of(exchange.answer)
    for card in answer["answer"].get("cards", ())[:1] if focus else ():
        card["focus"] = True
    context = {
        "turns": [services.turn_of(exchange.question), answer],
        "replaced": [services.turn_of(turn) | {"is_last": False} for turn in replaced],
        "next": {"conversation": conversation_id, "page": page, "key": str(uuid.uuid4())},
        "say": exchange.answer.answer.get("lead", ""),
        "shown_on": page,
        **beside(request, conversation_id, page),
    }
    response = render_page(request, PANEL, context, part="exchange")
    response["HX-Reswap"] = "innerHTML" if exchange.is_first else "beforeend"
    return response


def too_many(request: HttpRequest, many: services.TooManyQuestions) -> HttpResponse:
    """Nothing was stored: what was typed stays in the field, and the answer says when to go on."""
    template, part = (PANEL, "refused") if wants_part(request) else ("assistant/refused.html", "main")
    response = render_page(request, template, {"sentence": str(many)}, part=part, status=429)
    response["Retry-After"] = str(many.seconds)
    return response


def whole_panel(request: HttpRequest, built: services.Panel, *, say: str = "") -> HttpResponse:
    context = {"panel": built, "say": say, "as_page": is_own_page(request)}
    return render_page(request, PANEL, context, part="panel")


def beside(request: HttpRequest, conversation_id: Any, page: str) -> dict[str, Any]:
    """The context line after an answer: what is open now pins it, what is done frees it."""
    found = services.get(request.scope, conversation_id=conversation_id)
    away = bool(page) and memory(request).get("away") == page
    looking_at = services.NOWHERE if away else services.context_of(request.scope, found, page=page, as_of=clock.now())
    return {"looking_at": looking_at, "as_page": is_own_page(request)}


def build(
    request: HttpRequest,
    conversation_id: str,
    *,
    page: str,
    problems: Mapping[str, Any] | None = None,
    asks_new: bool = False,
) -> services.Panel:
    return services.build(
        request.scope,
        conversation_id=conversation_id,
        page=page,
        look_away=bool(page) and memory(request).get("away") == page,
        problems=problems,
        asks_new=asks_new,
        as_of=clock.now(),
    )

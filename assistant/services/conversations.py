"""A conversation: what is said is kept, understood, answered and audited, in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max

from assistant.engine import dialogue
from assistant.engine.dialogue import Move, Picked, State
from assistant.engine.match import Match, matcher
from assistant.engine.text import TooLong, clean
from assistant.models import Conversation, Feedback, Proposal, Turn
from assistant.services import flow, model, pages, proposals
from assistant.services.pages import PageContext
from assistant.services.resolve import told
from assistant.services.resolve_duplicates import AfterUpgrade
from assistant.skill import ERROR, NEEDS_INPUT, REFUSED, Answer, Ref, Source
from assistant.skill import NotFound as NotThere
from assistant.skills import SKILLS, duplicates, talk
from customers.services import cart as carts
from customers.services import catalog, customers, orders, subscriptions
from downloads import services as downloads
from portal.core import audit
from portal.core.access import can, require, why_not
from portal.core.jobs import writes
from portal.core.scope import Scope

TURNS_SHOWN = 60
TITLE = 80
REASONS = ("wrong", "incomplete", "unclear")
# A new conversation is named after its first submission, so that a double click makes one.
_NAMESPACE = uuid.UUID("6f1d0f0e-6f0c-5c1a-9a7e-0d6f6a3f2b11")
EXPECTED = (
    customers.CustomerNotFound,
    catalog.SkuNotFound,
    carts.CartNotFound,
    subscriptions.SubscriptionNotFound,
    orders.OrderNotFound,
    orders.OrderAmbiguous,
    NotThere,
)


class ConversationNotFound(LookupError):
    """No such conversation of this person in this tenant."""

    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One question and its answer, stored."""

    conversation: Conversation
    question: Turn
    answer: Turn
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What came in with one question."""

    text: str
    page: PageContext
    origin: str
    choice: str
    opens: str
    given: dict[str, Any] | None = None
    picked: Picked | None = None
    second: Match | None = None
    keeps_page: bool = False

    @property
    def is_typed(self) -> bool:
        """Words of the person, rather than a press that says what it means."""
        return not (self.choice or self.opens or self.picked)


def mine(scope: Scope) -> Any:
    """Conversations of this person in this tenant: nobody reads another's, not even a colleague."""
    found = Conversation.objects.within(scope)
    return found.filter(user_id=scope.user_id) if scope.user_id else found.none()


def get(scope: Scope, *, conversation_id: uuid.UUID) -> Conversation:
    found: Conversation | None = mine(scope).filter(conversation_id=conversation_id).first()
    if found is None:
        raise ConversationNotFound
    return found


def get_turn(scope: Scope, *, conversation_id: uuid.UUID, number: int) -> Turn:
    """Raises ConversationNotFound."""
    conversation = get(scope, conversation_id=conversation_id)
    found: Turn | None = Turn.objects.within(scope).filter(conversation=conversation, number=number).first()
    if found is None:
        raise ConversationNotFound
    return found


def turns(scope: Scope, *, conversation: Conversation) -> list[Turn]:
    """The last turns, oldest first, with what this person thought of the answers."""
    rows = (
        Turn.objects.within(scope)
        .filter(conversation=conversation)
        .select_related("conversation")
        .prefetch_related("feedback", "conversation__proposals__user")
    )
    return list(rows.order_by("-number")[:TURNS_SHOWN])[::-1]


def earlier(scope: Scope, *, limit: int = 30) -> list[Conversation]:
    return list(mine(scope).order_by("-modified_at")[:limit])


def handle(
    scope: Scope,
    *,
    text: str,
    as_of: datetime,
    conversation_id: uuid.UUID | None = None,
    page: PageContext | None = pages.NOWHERE,
    origin: str = "",
    choice: str = "",
    opens: str = "",
    given: dict[str, Any] | None = None,
    picked: Picked | None = None,
    submission_key: uuid.UUID | None = None,
) -> Exchange:
    """Answer `text`. The same `submission_key` again returns the first answer.

    `choice` is the key of the offered record that was pressed; `opens` names the skill of a link that
    fills in the question, with the slots `given`, so that a product's name can not change what is asked; `picked` is
    what a card with several choices was sent with. Without a `page` (None) the conversation goes on looking at what it did.

    Raises ConversationNotFound, also for another person's. Everything else, a text that is too long or a record
    that is not there, is an answer that says so.
    """
    require(scope, "view")
    key = submission_key or uuid.uuid4()
    if conversation_id is None:
        conversation_id = uuid.uuid5(_NAMESPACE, f"{scope.partner_id}/{scope.user_id}/{key}")
        _start(scope, conversation_id, as_of)
    heard = Said(
        text=text, page=page or pages.NOWHERE, keeps_page=page is None, origin=origin, choice=choice, opens=opens, given=given, picked=picked,
    )  # fmt: skip
    if heard.is_typed and model.is_on():
        # Before the transaction: nothing is locked while it is waited for. An answer to an open question is no question.
        known = mine(scope).filter(conversation_id=conversation_id).first()
        if known is None or not known.state.get("asking"):
            heard = replace(heard, second=model.opinion(text, as_of=as_of))
    return _handle(scope, heard=heard, as_of=as_of, conversation_id=conversation_id, submission_key=key)


def _start(scope: Scope, conversation_id: uuid.UUID, as_of: datetime) -> None:
    if mine(scope).filter(conversation_id=conversation_id).exists():
        return
    try:
        with transaction.atomic():
            Conversation.objects.create(
                conversation_id=conversation_id,
                partner_id=scope.partner_id or 0,
                user_id=scope.user_id or 0,
                created_at=as_of,
                modified_at=as_of,
            )
    except IntegrityError:
        # The other half of a double click made it.
        return


@writes
def _handle(
    scope: Scope, *, heard: Said, as_of: datetime, conversation_id: uuid.UUID, submission_key: uuid.UUID
) -> Exchange:
    # Locked: turns of one conversation are numbered one after the other.
    conversation = mine(scope).select_for_update(of=("self",)).filter(conversation_id=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    asked = Turn.objects.within(scope).filter(conversation=conversation, submission_key=submission_key).first()
    if asked is not None:
        reply = Turn.objects.within(scope).get(conversation=conversation, number=asked.number + 1)
        return Exchange(conversation=conversation, question=asked, answer=reply, is_first=asked.number == 1)
    last = Turn.objects.within(scope).filter(conversation=conversation).aggregate(last=Max("number"))["last"] or 0
    answer, move, shown = _think(scope, conversation, heard, as_of)
    question = Turn.objects.create(
        conversation=conversation,
        number=last + 1,
        speaker=Turn.Speaker.PERSON,
        text=shown,
        origin=heard.origin[:60],
        created_at=as_of,
        submission_key=submission_key,
    )
    reply = Turn.objects.create(
        conversation=conversation,
        number=last + 2,
        speaker=Turn.Speaker.ASSISTANT,
        text=answer.plain(),
        skill=move.skill,
        slots=told(move.slots),
        status=answer.status,
        answer=answer.as_json(),
        created_at=as_of,
    )
    if any(card["kind"] == "choose_duplicates" for card in answer.cards):
        conversation.state["card"] = reply.number
    conversation.title = conversation.title or shown[:TITLE]
    conversation.modified_at = as_of
    conversation.context = conversation.context if heard.keeps_page else heard.page.as_json()
    conversation.save(update_fields=["title", "modified_at", "context", "state"])
    after = {"skill": move.skill, "status": answer.status, "turn": reply.number}
    audit.record(scope, "assistant.asked", conversation, as_of=as_of, after=after)
    return Exchange(conversation=conversation, question=question, answer=reply, is_first=last == 0)


def _think(scope: Scope, conversation: Conversation, heard: Said, as_of: datetime) -> tuple[Answer, Move, str]:
    """The answer, the move behind it, and the text as it is kept."""
    try:
        sentence = clean(heard.text)
    except TooLong as long:
        kept = clean(heard.text[:TITLE]) + " …"
        return Answer(lead=str(long), status=ERROR), Move(kind="stop", skill="out_of_scope"), kept
    if not sentence:
        nothing = Answer(lead="Nothing was asked.", body="Type a question.", status=NEEDS_INPUT)
        return nothing, Move(kind="stop", skill="out_of_scope"), "(empty)"
    state = State.from_json(conversation.state)
    open_one = proposals.waiting(scope, conversation=conversation, as_of=as_of)
    if open_one is not None and heard.is_typed:
        brings = flow.hear(open_one, sentence)
        correction = flow.corrected(open_one, brings)
        if correction is not None:
            proposals.drop(scope, conversation, Proposal.State.REPLACED, as_of)
            heard, open_one = replace(heard, opens=correction[0], given=correction[1]), None
        elif not brings.nothing:
            answer, move = flow.typed(scope, open_one, brings, as_of)
            if move.kind == dialogue.STOP:
                state.settle()
            conversation.state = state.as_json()
            return answer, move, sentence
    elif heard.is_typed and (over := flow.late(scope, conversation, sentence, as_of)):
        return *over, sentence
    answer, move = _advance(scope, state, heard, sentence, as_of)
    if answer.proposes:
        answer = proposals.stage(scope, conversation, answer, as_of)
    elif open_one is not None:
        answer = replace(answer, body=f"{answer.body} {flow.still_open(open_one)}".strip())
    if move.still_open and move.still_open == state.asking:
        slot = SKILLS[state.skill].slot(state.asking)
        answer = replace(answer, body=f"{answer.body} Still open: {slot.question if slot else ''}".strip())
    conversation.state = state.as_json()
    return answer, move, sentence


def _advance(scope: Scope, state: State, heard: Said, sentence: str, as_of: datetime) -> tuple[Answer, Move]:
    move = dialogue.advance(
        state,
        sentence,
        skills=SKILLS,
        matcher=matcher(),
        resolve=AfterUpgrade(scope, as_of=as_of, sentence=sentence),
        page=heard.page.slots,
        choice=heard.choice,
        opens=heard.opens,
        given=heard.given,
        picked=heard.picked,
        second=heard.second,
    )
    answer = _answer(scope, move, heard.page, sentence, as_of)
    if move.by:
        how = Source(title=f"Understood by the language model {move.by}", detail="answered from the portal's own data")
        answer = replace(answer, sources=(*answer.sources, how))
    if answer.status == REFUSED:
        state.settle()  # no more questions for what may not be done
    if move.skill == duplicates.CANCEL_DUPLICATE.key and answer.asks_for == ("quantity",):
        # "Cancel 10 licenses": the next number says how many stay.
        state.skill, state.asking = duplicates.REDUCE_DUPLICATE.key, "quantity"
        state.slots = {name: value for name, value in move.slots.items() if name != "quantity"}
    return answer, move


def _answer(scope: Scope, move: Move, page: PageContext, sentence: str, as_of: datetime) -> Answer:
    if move.kind == dialogue.STOP:
        return Answer(lead="Stopped. Nothing was changed.")
    if move.kind == dialogue.UNWIRED:
        intent = matcher().intents[move.skill]
        return talk.not_wired(title=intent["title"], page=intent.get("page", ""), nearest=_offers(_near(move.skill)))
    if move.skill not in SKILLS:
        return _aside(move, page, sentence)
    skill = SKILLS[move.skill]
    if not can(scope, skill.capability):
        return Answer(lead="Your role cannot do this.", body=why_not(scope, skill.capability), status=REFUSED)
    if move.kind in {dialogue.ASK, dialogue.MISSING}:
        return _ask(move)
    values = {name: _value(value) for name, value in move.slots.items()}
    try:
        with transaction.atomic():
            return skill.run(scope, **values, as_of=as_of)
    except PermissionDenied as denied:
        return Answer(lead="Your role cannot do this.", body=str(denied), status=REFUSED)
    except EXPECTED as gone:
        return Answer(lead=str(gone) or "This is not there any more.", status=ERROR)


def _value(value: Any) -> Any:
    """A slot as a skill takes it: records, or several of them."""
    if isinstance(value, list):
        return [_value(each) for each in value]
    return Ref.from_json(value) if isinstance(value, dict) else value


def _ask(move: Move) -> Answer:
    slot = SKILLS[move.skill].slot(move.slot)
    question = slot.question if slot else ""
    if move.message:
        lead, body = move.message, question
    elif move.choices:
        lead, body = "Several fit. Which one?", ""
    else:
        lead, body = question, ""
    if slot is not None and slot.kind == "duplicates" and move.choices:
        card = duplicates.choose_card(move.choices, skill=move.skill)
        if not move.message:
            lead, body = duplicates.left_behind(move.slots.get("upgraded_subscription"), len(move.choices)), ""
        return Answer(lead=lead, body=body, status=NEEDS_INPUT, asks_for=(move.slot,), cards=(card,))
    choices = tuple({"label": ref.label, "note": ref.note, "say": ref.key} for ref in move.choices)
    return Answer(lead=lead, body=body, status=NEEDS_INPUT, asks_for=(move.slot,), choices=choices)


def _aside(move: Move, page: PageContext, sentence: str) -> Answer:
    if move.skill == "help":
        reports = [report.title for report in downloads.REPORTS.values()]
        return talk.explain(sentence, can_do=_offers(tuple(SKILLS)), reports=reports)
    if move.skill == "small_talk":
        return talk.chat(sentence)
    if move.skill == "clarify":
        return talk.ask_which(options=[{"title": matcher().intents[name]["title"]} for name in move.between])
    shown = page.slots.get("subscription", {})
    return talk.refuse(sentence, nearest=_offers(move.nearest), subscription=shown.get("key", ""))


def _near(skill: str) -> tuple[str, ...]:
    return tuple(name for name in ("subscription_list", "price_lookup", "promotion_eligibility") if name != skill)


def _offers(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Wired skills, those of `names` first, at most six."""
    wired = [name for name in names if name in SKILLS]
    wired += [name for name in SKILLS if name not in wired]
    return [{"title": SKILLS[name].title, "prompt": SKILLS[name].prompt} for name in wired[:6]]


@writes
def clear(scope: Scope, *, conversation_id: uuid.UUID, as_of: datetime) -> None:
    """End a conversation: it stays in the list, its memory is forgotten, a request that waits in it is stopped.

    Raises ConversationNotFound."""
    conversation = mine(scope).select_for_update(of=("self",)).filter(conversation_id=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    proposals.drop(scope, conversation, Proposal.State.STOPPED, as_of)
    before = {"cleared_at": conversation.cleared_at and conversation.cleared_at.isoformat()}
    conversation.cleared_at = as_of
    conversation.state = {}
    conversation.save(update_fields=["cleared_at", "state"])
    after = {"cleared_at": as_of.isoformat()}
    audit.record(scope, "assistant.cleared", conversation, as_of=as_of, before=before, after=after)


@writes
def look_away(scope: Scope, *, conversation_id: uuid.UUID) -> None:
    """What is open goes on without the page that it was opened on. Raises ConversationNotFound."""
    conversation = get(scope, conversation_id=conversation_id)
    conversation.context = {}
    conversation.save(update_fields=["context"])


@writes
def give_feedback(
    scope: Scope, *, conversation_id: uuid.UUID, number: int, helpful: bool, reason: str, text: str, as_of: datetime
) -> Turn:
    """Thumbs up or down on an answer; a second one replaces the first. Raises ConversationNotFound."""
    conversation = get(scope, conversation_id=conversation_id)
    turn = (
        Turn.objects.within(scope)
        .filter(conversation=conversation, number=number, speaker=Turn.Speaker.ASSISTANT)
        .first()
    )
    if turn is None:
        raise ConversationNotFound
    Feedback.objects.within(scope).filter(turn=turn, user_id=scope.user_id or 0).delete()
    Feedback.objects.create(
        turn=turn,
        user_id=scope.user_id or 0,
        helpful=helpful,
        reason=reason if reason in REASONS else "",
        text=clean(text[:1000]),
        created_at=as_of,
    )
    audit.record(
        scope,
        "assistant.rated",
        conversation,
        as_of=as_of,
        after={"turn": number, "helpful": helpful, "reason": reason if reason in REASONS else ""},
    )
    return turn

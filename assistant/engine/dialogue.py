"""What to do next in a conversation: a state machine without a database and without a clock.

`advance` takes the state (plain JSON, kept with the conversation), what the person said and what the page shows,
and says one `Move`. Looking things up is handed in as `resolve`, so the machine never guesses a record: one fits,
several fit (it asks which), or none does (it says so).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assistant.engine import names as naming
from assistant.engine import slots as shapes
from assistant.engine.choices import one_of, place, several_of
from assistant.engine.fill import fill
from assistant.engine.match import Match, Matcher
from assistant.skill import Ref, Skill, Slot

RUN, ASK, MISSING, STOP, UNWIRED = "run", "ask", "missing", "stop", "unwired"
FREE = {"help", "small_talk", "out_of_scope", "clarify"}  # answered at any time; nothing pending is lost
SURE = 4.5  # a score at which a sentence in the middle of a question is a new question
CONTINUES = 3.6  # below it a sentence that only brings new values goes on with the last question
_STOP = re.compile(
    r"^(?:please )?(?:cancel(?: (?:that|this|it))?|stop|never ?mind|forget it|abort|quit|no,? thanks)[.! ]*$"
)
_AGAIN = re.compile(
    r"^(?:no[,.]? |sorry[,.]? |ok(?:ay)?[,.]? |hm+[,.]? )*(?:i mean(?:t)?|actually|rather|instead|what about|how about|and\b|"
    r"same for|the same for|make it|change it to|but for|with|for|not)\b|\binstead[.?!]*$"
)
_THERE = re.compile(
    r"\b(?:it|its|they|them|their|theirs|(?:this|that|the same) (?:customer|client|product|subscription|offer|one|line)"
    r"|the customer|the product|other (?:promotions?|terms?|billing|plans?))\b"
)
_RECORDS = {"customer", "owner", "product", "cart_line", "subscription", "upgraded", "duplicates"}


@dataclass
class State:
    """The memory of a conversation between turns. Everything in it is plain JSON."""

    skill: str = ""
    slots: dict[str, Any] = field(default_factory=dict)  # values, or records as the JSON of a Ref
    asking: str = ""  # the slot that the open question is about
    choices: list[dict[str, Any]] = field(default_factory=list)
    between: list[str] = field(default_factory=list)  # the skills of "did you mean"
    text: str = ""  # the sentence that "did you mean" was asked about
    last_skill: str = ""
    last_slots: dict[str, Any] = field(default_factory=dict)
    waited: int = 0  # how many other questions were answered since the open one
    mentioned: dict[str, Any] = field(default_factory=dict)  # slot name -> the record last spoken of
    card: int = 0  # the turn whose card asks the open question; an older one is closed

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def settle(self) -> None:
        """Nothing is open any more."""
        self.skill, self.slots, self.asking, self.choices, self.between, self.text = "", {}, "", [], [], ""
        self.waited = self.card = 0


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a slot's words turned out to be: a `value`, several `choices`, or nothing with the `message`."""

    value: Any = None
    choices: tuple[Ref, ...] = ()
    message: str = ""


Resolve = Callable[[Slot, Any, Mapping[str, Any]], Resolution]


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What a card with several choices was sent with: keys of records that were offered, and what should happen."""

    skill: str
    keys: tuple[str, ...]
    quantity: str = ""


@dataclass(frozen=True, kw_only=True)
class Move:
    """The next step. RUN: `slots` are complete. ASK and MISSING: about `slot`, with `choices`."""

    kind: str
    skill: str
    slots: dict[str, Any] = field(default_factory=dict)
    slot: str = ""
    message: str = ""
    choices: tuple[Ref, ...] = ()
    between: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    still_open: str = ""  # the question that waits while another one is answered
    by: str = ""  # the language model that understood it


def advance(
    state: State,
    text: str,
    *,
    skills: Mapping[str, Skill],
    matcher: Matcher,
    resolve: Resolve,
    page: Mapping[str, Any],
    choice: str = "",
    opens: str = "",
    given: Mapping[str, Any] | None = None,
    picked: Picked | None = None,
    second: Match | None = None,
) -> Move:
    """One step. `text` is cleaned; `page` maps slot names to the records that the page shows. Changes `state`.

    `choice` is the key of an offered record; `opens` is the skill of a link that fills in the question, with the slots
    `given`; `picked` is what a card with several choices was sent with;
    `second` is a second opinion on the sentence, heard where the matcher has none of its own.
    """
    if opens in skills:
        state.settle()
        state.skill, state.slots = opens, dict(given or {})
        return _complete(state, skills[opens], resolve, page)
    if picked is not None and state.asking:
        chosen = [_value_of(offer) for offer in state.choices if offer["key"] in picked.keys]
        state.slots |= {"subscriptions": chosen} if chosen else {}
        state.slots |= {"quantity": picked.quantity} if picked.quantity else {}
        state.skill, state.asking = picked.skill, ""
        return _complete(state, skills[picked.skill], resolve, page)
    pressed = next((offer for offer in state.choices if choice and offer["key"] == choice), None)
    if pressed is not None and state.asking:
        state.slots[state.asking] = _taken(skills[state.skill], state.asking, [pressed])
        state.asking, state.choices = "", []
        return _complete(state, skills[state.skill], resolve, page)
    low = text.casefold().strip()
    if _STOP.match(low) and (state.asking or state.between):
        skill = state.skill
        state.settle()
        return Move(kind=STOP, skill=skill or "clarify")
    heard = shapes.extract(text)
    found = naming.find(heard)
    match = matcher.match(found.masked)
    if state.between and (meant := _picked_skill(state, low, match, matcher)):
        heard = shapes.extract(state.text)
        found = naming.find(heard)
        state.settle()
        return _begin(state, meant, heard, found, low, skills, matcher, resolve, page)
    if state.asking and not _new_question(match, state):
        return _answered(state, text, heard, found, skills, resolve, page)
    if match.skill in FREE and not _goes_on(state, match, heard, found, low):
        if second is not None and match.skill in {"out_of_scope", "clarify"}:
            match = second
        if match.by:
            return _by_model(state, match, heard, found, low, skills, matcher, resolve, page)
        return _aside(state, text, match, matcher, heard, found)
    if _goes_on(state, match, heard, found, low):
        skill = match.skill if match.skill not in FREE and match.score >= CONTINUES else state.last_skill
        return _begin(state, skill, heard, found, low, skills, matcher, resolve, page, onto=state.last_slots)
    return _begin(state, match.skill, heard, found, low, skills, matcher, resolve, page)


def _by_model(
    state: State,
    match: Match,
    heard: shapes.Heard,
    found: naming.Names,
    low: str,
    skills: Mapping[str, Skill],
    matcher: Matcher,
    resolve: Resolve,
    page: Mapping[str, Any],
) -> Move:
    """The skill that a model named. What it proposed for slots comes after what the sentence says by itself."""
    move = _begin(state, match.skill, heard, found, low, skills, matcher, resolve, page, onto=match.proposed)
    return replace(move, by=match.by)


def _picked_skill(state: State, low: str, match: Match, matcher: Matcher) -> str:
    """Which of the skills of "did you mean" the person chose; empty when they say something else."""
    at = place(low, len(state.between))
    if at is not None:
        return state.between[at]
    for skill in state.between:
        if low == matcher.intents[skill]["title"].casefold() or low == skill:
            return skill
    return match.skill if match.skill in state.between else ""


def _new_question(match: Match, state: State) -> bool:
    """In the middle of a question: is this an answer to it, or something else altogether?"""
    if match.skill in {"help", "small_talk"}:
        return match.score >= SURE
    if match.skill in {"out_of_scope", "clarify"}:
        return match.score >= 6
    return match.score >= SURE


def _goes_on(state: State, match: Match, heard: shapes.Heard, found: naming.Names, low: str) -> bool:
    """Does the sentence only change or add something to the question before?"""
    if not state.last_skill or match.skill in {"help", "small_talk"}:
        return False
    brings = bool(heard.values or heard.guids or found.customers or found.products)
    if not brings:
        return False
    if match.skill in FREE and match.score >= 6:
        return False
    return bool(_AGAIN.search(low)) or match.score < CONTINUES and match.skill != state.last_skill


def _aside(state: State, text: str, match: Match, matcher: Matcher, heard: shapes.Heard, found: naming.Names) -> Move:
    """Help, small talk, refusal, "did you mean": answered without losing an open question."""
    open_question = state.asking
    slots: dict[str, Any] = {}
    if match.skill == "clarify":
        state.settle()
        state.between, state.text, open_question = list(match.between), text, ""
        slots = _flat(fill(matcher.intents[match.between[0]].get("slots", "").split(), heard, found))
    return Move(
        kind=RUN, skill=match.skill, slots=slots, between=match.between, nearest=match.nearest, still_open=open_question
    )


def _flat(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Candidates as the person wrote them: the surest one."""
    return {
        name: value[0] if isinstance(value, list) and name != "subscriptions" and value else value
        for name, value in raw.items()
    }


def _begin(
    state: State,
    skill: str,
    heard: shapes.Heard,
    found: naming.Names,
    low: str,
    skills: Mapping[str, Skill],
    matcher: Matcher,
    resolve: Resolve,
    page: Mapping[str, Any],
    onto: Mapping[str, Any] | None = None,
) -> Move:
    names = matcher.intents[skill].get("slots", "").split()
    raw = fill(names, heard, found) | _fewer(names, low)
    # An open question waits for one interruption, not for ever.
    waiting = None
    if state.asking and not state.waited:
        waiting = (state.skill, state.slots, state.asking, state.choices, state.card)
    slots: dict[str, Any] = {name: value for name, value in (onto or {}).items() if name in names}
    if "product" in raw and "sku" not in raw:
        slots.pop("sku", None)
    if "customer" in raw:
        # What an upgrade left at one customer is not at another.
        slots = {name: value for name, value in slots.items() if name not in {"upgraded_subscription", "subscriptions"}}
    if _THERE.search(low) or _AGAIN.search(low):
        slots |= {name: ref for name, ref in state.mentioned.items() if name in names and name not in slots}
    slots |= raw
    if skill not in skills:
        shown = {name: page[name] for name in names if name in page and name not in slots}
        return Move(kind=UNWIRED, skill=skill, slots=_flat(slots) | shown)
    state.settle()
    state.skill, state.slots = skill, slots
    move = _complete(state, skills[skill], resolve, page)
    if waiting and move.kind == RUN:
        # The interruption is answered; the question before it is still open.
        state.skill, state.slots, state.asking, state.choices, state.card = waiting
        state.waited = 1
        return Move(kind=RUN, skill=move.skill, slots=move.slots, still_open=state.asking)
    return move


def _answered(
    state: State,
    text: str,
    heard: shapes.Heard,
    found: naming.Names,
    skills: Mapping[str, Skill],
    resolve: Resolve,
    page: Mapping[str, Any],
) -> Move:
    """The person answers the open question, and may add or correct other slots with it."""
    skill = skills[state.skill]
    raw = fill([slot.name for slot in skill.slots], heard, found)
    asked = skill.slot(state.asking)
    low = text.casefold().strip()
    raw |= _fewer([slot.name for slot in skill.slots], low)
    _answers_with_a_bare_id(asked, raw)
    several = several_of(low, state.choices) if asked is not None and asked.kind == "duplicates" else []
    chosen = one_of(low, state.choices)
    if several:
        raw[state.asking] = [_value_of(each) for each in several]
    elif chosen is not None:
        raw = {state.asking: _taken(skill, state.asking, [chosen])}
    elif asked is not None and asked.name not in raw:
        raw[asked.name] = _words_for(asked, text, raw)
        if asked.kind in _RECORDS and len(raw) > 1:
            # "25 seats" answers nothing about the customer.
            raw.pop(asked.name)
    if "product" in raw:
        state.slots.pop("sku", None)
    state.slots |= {name: value for name, value in raw.items() if value not in (None, "", [])}
    state.asking, state.choices = "", []
    return _complete(state, skill, resolve, page)


def _value_of(choice: dict[str, Any]) -> Any:
    """A term or a plan is its key; a record is the record."""
    return choice["key"] if choice["kind"] == "value" else choice


def _taken(skill: Skill, name: str, chosen: list[dict[str, Any]]) -> Any:
    """The value of a slot from the choices taken for it: a list where the slot holds several."""
    slot = skill.slot(name)
    values = [_value_of(each) for each in chosen]
    return values if slot is not None and slot.kind == "duplicates" else values[0]


def _answers_with_a_bare_id(asked: Slot | None, raw: dict[str, Any]) -> None:
    """An ID or a name alone answers the question that was asked, whatever else it could be."""
    if asked is None or asked.kind not in {"owner", "upgraded"} or asked.name in raw:
        return
    words = raw.pop("subscriptions", None)
    if words:
        raw[asked.name] = words if asked.kind == "owner" else words[0]


def _fewer(names: Sequence[str], low: str) -> dict[str, Any]:
    """ "By 10" is not "to 10": how many go, where a skill asks how many stay."""
    found = re.search(r"\bby\s+(\d{1,7})\b", low) if {"subscriptions", "quantity"} <= set(names) else None
    return {"quantity": f"by {found.group(1)}"} if found else {}


def _words_for(slot: Slot, text: str, raw: Mapping[str, Any]) -> Any:
    """The whole reply as the value, without the words around it."""
    words = re.sub(
        r"^(?:it(?:'s| is)|that(?:'s| is)|for|the|customer|product|i mean|use|take)\s+", "", text.strip(), flags=re.I
    )
    words = words.strip(" .!?\"'")
    if slot.kind in {"quantity", "stays"}:
        number = re.search(r"\d{1,7}", words.replace(",", ""))
        return int(number.group(0)) if number else None
    return [words] if slot.kind in {"customer", "owner", "product", "duplicates"} else words


def _complete(state: State, skill: Skill, resolve: Resolve, page: Mapping[str, Any]) -> Move:
    """Turn the words of each slot into values; ask for the first that is missing or unclear."""
    # A subscription is looked for among the customer's, so the customer comes first.
    for slot in sorted(skill.slots, key=lambda slot: slot.kind == "subscription"):
        raw = state.slots.get(slot.name)
        if raw is None:
            raw = _shown(state, slot, page)
        if raw is None:
            found = resolve(slot, None, state.slots | {"page": page}) if slot.finds else Resolution()
            if found.value is None and slot.required:
                return _ask(state, skill, slot, found)
            if found.value is not None:
                state.slots[slot.name] = found.value
            continue
        found = Resolution(value=raw) if _is_record(raw) else resolve(slot, raw, state.slots | {"page": page})
        if found.value is None:
            state.slots.pop(slot.name, None)
            return _ask(state, skill, slot, found, raw)
        state.slots[slot.name] = found.value
    slots = dict(state.slots)
    state.mentioned |= {name: value for name, value in slots.items() if isinstance(value, dict)}
    state.settle()
    state.last_skill, state.last_slots = skill.key, slots
    return Move(kind=RUN, skill=skill.key, slots=slots)


def _shown(state: State, slot: Slot, page: Mapping[str, Any]) -> Any:
    """What the page shows for a slot; nothing where the person speaks of something that is not on it."""
    if slot.finds or slot.name not in page:
        return None
    if slot.kind == "customer" and not slot.required:
        # An ID says whose it is, and that need not be the page's customer.
        typed = str(state.slots.get("subscription", ""))
        return None if re.fullmatch(shapes.GUID, typed, re.IGNORECASE) else page[slot.name]
    said, shown = state.slots.get("customer"), page.get("customer")
    if slot.kind == "subscription" and isinstance(said, dict) and shown and said["key"] != shown["key"]:
        return None
    return page[slot.name]


def _is_record(raw: Any) -> bool:
    """A record, or several: the JSON of a Ref. Words and numbers are still to be resolved."""
    return isinstance(raw, dict) or isinstance(raw, list) and bool(raw) and all(isinstance(each, dict) for each in raw)


def _ask(state: State, skill: Skill, slot: Slot, found: Resolution, raw: Any = None) -> Move:
    """`raw` is what the person said for the slot; it is told back, and not kept."""
    state.asking = slot.name
    state.choices = [asdict(choice) for choice in found.choices]
    kind = MISSING if found.message else ASK
    return Move(
        kind=kind, skill=skill.key, slots=_flat(state.slots | ({slot.name: raw} if raw else {})), slot=slot.name,
        message=found.message, choices=found.choices,
    )  # fmt: skip

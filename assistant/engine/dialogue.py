"""What to do next in a conversation: a state machine without a database and without a clock.

`advance` takes the state (plain JSON, kept with the conversation), what the person said and what the page shows,
and says one `Move`. Looking things up is handed in as `resolve`, so the machine never guesses a record: one fits,
several fit (it asks which), or none does (it says so).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assistant.engine.choices import one_of, place, several_of
from assistant.engine.fill import fill
from assistant.engine.follow import AGAIN, OTHER, THERE, elsewhere, only_values, remembered
from assistant.engine.match import Match, Matcher, is_about_us
from assistant.engine.names import Names, understand
from assistant.engine.reply import answer_with_a_bare_id, fewer, words_for
from assistant.engine.slots import GUID, Heard
from assistant.skill import Ref, Skill, Slot

RUN, ASK, MISSING, STOP, UNWIRED = "run", "ask", "missing", "stop", "unwired"
FREE = {"help", "small_talk", "out_of_scope", "clarify"}  # answered at any time; nothing pending is lost
SURE = 0.6  # how likely a skill must be for a sentence in the middle of a question to be a new question
CONTINUES = 0.75  # and how likely for one that begins like an addition to be more than that
_STOP = re.compile(
    r"^(?:please )?(?:cancel(?: (?:that|this|it))?|stop|never ?mind|forget it|abort|quit|no,? thanks)[.! ]*$"
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
    others: list[dict[str, Any]] = field(default_factory=list)  # the choices that were not taken, for "the other one"
    others_of: str = ""

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
        state.others, state.others_of = [each for each in state.choices if each is not pressed], state.asking
        state.asking, state.choices = "", []
        return _complete(state, skills[state.skill], resolve, page)
    low = text.casefold().strip()
    if _STOP.match(low) and (state.asking or state.between):
        skill = state.skill
        state.settle()
        return Move(kind=STOP, skill=skill or "clarify")
    if OTHER.match(low) and state.others and state.last_skill:
        return _the_other(state, skills, resolve, page)
    heard, found = understand(text)
    match = matcher.match(found.masked)
    if state.between and (meant := _picked_skill(state, low, match, matcher)):
        heard, found = understand(state.text)
        state.settle()
        return _begin(state, meant, heard, found, low, skills, matcher, resolve, page)
    is_choice = one_of(low, state.choices) is not None or bool(several_of(low, state.choices))
    if state.asking and (is_choice or not _new_question(match, found)):
        return _answered(state, text, heard, found, skills, resolve, page)
    goes_on = _goes_on(state, match, heard, found, low)
    if goes_on:
        return _begin(state, goes_on, heard, found, low, skills, matcher, resolve, page, onto=state.last_slots)
    if match.skill in FREE:
        if second is not None and match.skill in {"out_of_scope", "clarify"}:
            match = second
        if match.by:
            return _by_model(state, match, heard, found, low, skills, matcher, resolve, page)
        return _aside(state, text, match, found)
    return _begin(state, match.skill, heard, found, low, skills, matcher, resolve, page)


def _by_model(
    state: State,
    match: Match,
    heard: Heard,
    found: Names,
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


def _new_question(match: Match, found: Names) -> bool:
    """In the middle of a question: is this an answer to it, or something else altogether?"""
    if only_values(found.masked) or match.skill == "small_talk" and is_about_us(found.masked):
        return False
    if found.masked.rstrip().endswith("?") and not (found.customers or found.products) and is_about_us(found.masked):
        return True  # a question about the product that names nothing is no name itself
    return match.skill != "clarify" and match.score >= SURE


def _goes_on(state: State, match: Match, heard: Heard, found: Names, low: str) -> str:
    """The skill whose last question the sentence only changes or adds to; empty when it is a question of its own."""
    brings = bool(heard.values or found.customers or found.products or found.upgraded)
    if not state.last_skill or not brings:
        return ""
    if only_values(found.masked):
        return state.last_skill
    if AGAIN.search(low) and (match.skill in {"clarify", "out_of_scope"} or match.score < CONTINUES):
        return state.last_skill
    return ""


def _aside(state: State, text: str, match: Match, found: Names) -> Move:
    """Help, small talk, refusal, "did you mean": answered without losing an open question."""
    open_question = state.asking
    if match.skill == "clarify":
        state.settle()
        state.between, state.text, open_question = list(match.between), text, ""
        state.mentioned |= _said_names(found)
    return Move(kind=RUN, skill=match.skill, between=match.between, nearest=match.nearest, still_open=open_question)


def _said_names(found: Names) -> dict[str, Any]:
    """The names of a sentence that was not answered, so that "it" still has a meaning."""
    named = {"customer": found.customers[:1], "subscription": found.products[:1]}
    return {name: words[0] for name, words in named.items() if words}


def _the_other(state: State, skills: Mapping[str, Skill], resolve: Resolve, page: Mapping[str, Any]) -> Move:
    """The choice that was not taken; when there were several, they are offered again."""
    skill, slot, others = skills[state.last_skill], state.others_of, state.others
    slots = {name: value for name, value in state.last_slots.items() if name != slot}
    state.settle()
    state.skill, state.slots = skill.key, slots
    asked = skill.slot(slot)
    if len(others) > 1 and asked is not None:
        return _ask(state, skill, asked, Resolution(choices=tuple(Ref.from_json(each) for each in others)))
    state.slots[slot] = _value_of(others[0])
    return _complete(state, skill, resolve, page)


def _flat(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Candidates as the person wrote them: the surest one."""
    return {
        name: value[0] if isinstance(value, list) and name != "subscriptions" and value else value
        for name, value in raw.items()
    }


def _begin(
    state: State,
    skill: str,
    heard: Heard,
    found: Names,
    low: str,
    skills: Mapping[str, Skill],
    matcher: Matcher,
    resolve: Resolve,
    page: Mapping[str, Any],
    onto: Mapping[str, Any] | None = None,
) -> Move:
    names = matcher.intents[skill].get("slots", "").split()
    raw = fill(names, heard, found) | fewer(names, low)
    # An open question waits for one interruption, not for ever.
    waiting = None
    if state.asking and not state.waited:
        waiting = (state.skill, state.slots, state.asking, state.choices, state.card)
    slots: dict[str, Any] = {name: value for name, value in (onto or {}).items() if name in names}
    if "product" in raw and "sku" not in raw:
        slots.pop("sku", None)
    if "customer" in raw:
        # What an upgrade left at one customer is not at another.
        slots = elsewhere(slots)
    elif THERE.search(low) or AGAIN.search(low):
        known = remembered(names, state.mentioned | _flat(state.slots))
        slots |= {name: value for name, value in known.items() if name not in slots}
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
    heard: Heard,
    found: Names,
    skills: Mapping[str, Skill],
    resolve: Resolve,
    page: Mapping[str, Any],
) -> Move:
    """The person answers the open question, and may add or correct other slots with it."""
    skill = skills[state.skill]
    raw = fill([slot.name for slot in skill.slots], heard, found)
    asked = skill.slot(state.asking)
    low = text.casefold().strip()
    raw |= fewer([slot.name for slot in skill.slots], low)
    answer_with_a_bare_id(asked, raw)
    state.others, state.others_of = [], ""
    several = several_of(low, state.choices) if asked is not None and asked.kind == "duplicates" else []
    chosen = one_of(low, state.choices)
    if several:
        raw[state.asking] = [_value_of(each) for each in several]
    elif chosen is not None:
        raw = {state.asking: _taken(skill, state.asking, [chosen])}
        state.others = [each for each in state.choices if each is not chosen]
        state.others_of = state.asking
    elif asked is not None and asked.name not in raw:
        raw[asked.name] = words_for(asked, text, raw)
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
        return None if re.fullmatch(GUID, typed, re.IGNORECASE) else page[slot.name]
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

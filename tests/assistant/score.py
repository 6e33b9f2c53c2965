"""How well sentences are understood: `python -m tests.assistant [tuning|held_out|fresh] [--misses]`.

Each file holds one sentence a line with its skill and slots; lines with the same `conversation` are turns of one, in
order. tuning.jsonl is what the engine is learned and mended with. held_out.jsonl was written before the matcher
and only its sums are looked at; fresh.jsonl was written after it without sight of the matcher or of any
other sentence, and is never learned from either.

Skill: the share of lines whose skill is right. Slot F1: every slot of a line is a pair of name and value; a pair is a
hit when both are right, letter case aside, and every other pair counts as missed or as extra; F1 = 2 hits / (2 hits +
missed + extra), over all lines of skills that have slots, also where the skill was wrong. False action: a line taken
for cancel_duplicate or reduce_duplicate, the only skills that end in a change, that is neither; or one for the other.

The whole dialogue runs. Names and ids count as they are written: a name resolves to itself, no database is asked.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.engine import dialogue
from assistant.engine.dialogue import Resolution, State
from assistant.engine.match import WRITES, matcher
from assistant.engine.text import clean
from assistant.services.resolve import told
from assistant.skill import Slot
from assistant.skills import SKILLS

FOLDER = Path(__file__).parent
SETS = ("tuning", "held_out", "fresh")


@dataclass
class Score:
    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    slots: Counter[str] = field(default_factory=Counter)  # hit, extra, missed
    false_actions: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        return self.right.total() / max(self.asked.total(), 1)

    @property
    def f1(self) -> float:
        hit = 2 * self.slots["hit"]
        return hit / max(hit + self.slots["extra"] + self.slots["missed"], 1)

    def of(self, skill: str) -> float:
        return self.right[skill] / max(self.asked[skill], 1)


def prompts(name: str) -> list[dict[str, Any]]:
    path = FOLDER / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def as_written(slot: Slot, raw: Any, slots: Mapping[str, Any]) -> Resolution:
    """Every name is a record of that name."""
    if raw is None:
        return Resolution()
    if slot.kind in {"term", "cycle", "quantity", "stays", "sku", "order"}:
        return Resolution(value=raw)
    words = raw if isinstance(raw, list) else [raw]
    refs = [{"kind": slot.kind, "key": str(word), "label": str(word), "pk": None} for word in words]
    return Resolution(value=refs if slot.kind == "duplicates" else refs[0])


def heard(sentence: str, state: State | None = None) -> tuple[str, dict[str, Any]]:
    """The skill and the slots of a sentence; `state` is the conversation before it, and after it."""
    move = dialogue.advance(
        state or State(), clean(sentence), skills=SKILLS, matcher=matcher(), resolve=as_written, page={}
    )
    return move.skill, told(move.slots)


def score(rows: Iterable[Mapping[str, Any]]) -> Score:
    result = Score()
    talks: dict[str, State] = {}
    for row in rows:
        state = talks.setdefault(row["conversation"], State()) if "conversation" in row else State()
        skill, slots = heard(row["prompt"], state)
        wanted = row["skill"]
        result.asked[wanted] += 1
        result.right[wanted] += skill == wanted
        result.false_actions += skill in WRITES and skill != wanted
        if skill != wanted:
            result.misses.append(f"{wanted} taken for {skill}: {row['prompt']}")
        if matcher().intents[wanted].get("slots"):
            _compare(slots, row["slots"], result, row["prompt"])
    return result


def _compare(got: Mapping[str, Any], want: Mapping[str, Any], result: Score, prompt: str) -> None:
    for name in sorted(set(got) | set(want)):
        if name in got and name in want and str(got[name]).casefold() == str(want[name]).casefold():
            result.slots["hit"] += 1
            continue
        result.slots["extra"] += name in got
        result.slots["missed"] += name in want
        result.misses.append(f"{name} is {got.get(name)!r}, not {want.get(name)!r}: {prompt}")


def main(arguments: list[str]) -> None:
    names = [name for name in SETS if name in arguments] or list(SETS)
    scores = [score(prompts(name)) for name in names]
    out = [f"{'skill':<28}" + "".join(f"{name:>18}" for name in names)]
    for skill in matcher().intents:
        out.append(f"{skill:<28}" + "".join(f"{f'{each.of(skill):.0%} of {each.asked[skill]}':>18}" for each in scores))
    out.append(f"{'skill accuracy':<28}" + "".join(f"{each.accuracy:>18.1%}" for each in scores))
    out.append(f"{'slot F1':<28}" + "".join(f"{each.f1:>18.3f}" for each in scores))
    out.append(f"{'false actions':<28}" + "".join(f"{each.false_actions:>18}" for each in scores))
    if "--misses" in arguments:
        out += [miss for each in scores for miss in each.misses]
    sys.stdout.write("\n".join(out) + "\n")

"""How this is decided: every rule with its sentence, its precise form, its source and the day that was checked."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from customers import rules
from portal.core.decision import Rule
from portal.core.text import fold

# Addresses of the code, which tell a reader of the page nothing.
CODE = re.compile(r"\s*\(?`?customers[./]rules[./][\w.]+`?\)?")
LEAD = re.compile(r"^The rule, made precise[:.]\s*")
STEP = re.compile(r"^\d+\. ", re.MULTILINE)
BULLET = re.compile(r"^ *\* ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One condition of a rule, with what it lists (nothing, mostly)."""

    text: str
    listed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.text, *self.listed))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A rule as people read it: the question it answers, and its conditions one by one (none where it says them in
    one sentence)."""

    rule: Rule
    sentence: str
    steps: tuple[Step, ...]

    @property
    def words(self) -> str:
        """Everything that a search looks into, folded."""
        return fold(
            " ".join((self.rule.code, self.rule.title, self.rule.section, self.sentence, *map(str, self.steps)))
        )


def entries(text: str = "") -> list[Entry]:
    """The rules that have every word of `text`, by title. All of them for an empty text."""
    wanted = fold(text).split()
    return [entry for entry in _all() if all(word in entry.words for word in wanted)]


@cache
def _all() -> tuple[Entry, ...]:
    found: dict[str, tuple[tuple[int, bool], Entry]] = {}
    for module in _modules():
        sentence, steps = _told(inspect.getdoc(module) or "")
        source = inspect.getsource(module)
        for _, value in inspect.getmembers(module):
            if not isinstance(value, Rule):
                continue
            # Of the modules that decide by a rule, the one that says most of it; of two alike, the one that makes it.
            rank = len(steps), f'code="{value.code}"' in source
            if value.code not in found or rank > found[value.code][0]:
                found[value.code] = rank, Entry(rule=value, sentence=sentence, steps=steps)
    entries = [entry for _, entry in found.values()]
    return tuple(sorted(entries, key=lambda entry: fold(entry.rule.title)))


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(rules.__path__):
        yield importlib.import_module(f"{rules.__name__}.{found.name}")


def _told(doc: str) -> tuple[str, tuple[Step, ...]]:
    """The first paragraph of a docstring, and its numbered conditions; where it numbers none, the paragraphs after
    its sources."""
    sentence, *others = re.split(r"\n\n(?!\d+\. )", doc)
    numbered = next((text for text in others if STEP.search(text)), None)
    if numbered is not None:
        found = STEP.split(numbered[STEP.search(numbered).start() :])  # type: ignore[union-attr]  # found just above
    else:
        found = [LEAD.sub("", text) for text in others if not text.startswith("Source")]
    return _plain(sentence), tuple(_step(text) for text in found if text.strip())


def _step(text: str) -> Step:
    """A condition; what it lists with stars comes apart."""
    first, *listed = BULLET.split(text)
    return Step(text=_plain(first), listed=tuple(_plain(each) for each in listed))


def _plain(text: str) -> str:
    plain = " ".join(CODE.sub("", text).replace("`", "").split())
    return plain[:1].upper() + plain[1:]

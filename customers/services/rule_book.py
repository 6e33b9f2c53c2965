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
STEP = re.compile(r"^\d+\. ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A rule as people read it: the question it answers, and its conditions one by one (none where it says them in
    one sentence)."""

    rule: Rule
    sentence: str
    steps: tuple[str, ...]

    @property
    def words(self) -> str:
        """Everything that a search looks into, folded."""
        return fold(" ".join((self.rule.code, self.rule.title, self.rule.section, self.sentence, *self.steps)))


def entries(text: str = "") -> list[Entry]:
    """The rules that have every word of `text`, by title. All of them for an empty text."""
    wanted = fold(text).split()
    return [entry for entry in _all() if all(word in entry.words for word in wanted)]


@cache
def _all() -> tuple[Entry, ...]:
    found: dict[str, Entry] = {}
    for module in _modules():
        sentence, steps = _told(inspect.getdoc(module) or "")
        for _, value in inspect.getmembers(module):
            # The module that makes a rule tells it; others only name it.
            if isinstance(value, Rule) and _makes(module, value):
                found.setdefault(value.code, Entry(rule=value, sentence=sentence, steps=steps))
    return tuple(sorted(found.values(), key=lambda entry: fold(entry.rule.title)))


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(rules.__path__):
        yield importlib.import_module(f"{rules.__name__}.{found.name}")


def _makes(module: ModuleType, rule: Rule) -> bool:
    return f'code="{rule.code}"' in inspect.getsource(module)


def _told(doc: str) -> tuple[str, tuple[str, ...]]:
    """The first paragraph of a docstring, and its numbered conditions."""
    sentence = _plain(doc.split("\n\n")[0])
    first = STEP.search(doc)
    if first is None:
        return sentence, ()
    numbered = doc[first.start() :]
    # A paragraph that is not numbered ends the list.
    block = re.split(r"\n\n(?!\d+\. )", numbered)[0]
    return sentence, tuple(_plain(step) for step in STEP.split(block) if step.strip())


def _plain(text: str) -> str:
    return " ".join(CODE.sub("", text).replace("`", "").split())

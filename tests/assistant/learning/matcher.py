"""Learns assistant/engine/learned_skills.json: one linear model for all skills, by gradient descent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.engine.match import features
from assistant.engine.names import understand
from assistant.engine.text import clean
from tests.assistant.learning.sentences import Sentence

SEEN_AT_LEAST = 3
STEPS = 350
DECAY = 2e-5
SMALLEST = 0.25


def learn(sentences: Sequence[Sentence]) -> dict[str, Any]:
    rows = [features(understand(clean(each.text))[1].masked) for each in sentences]
    skills = sorted({each.skill for each in sentences})
    counts = Counter(name for row in rows for name in row)
    names = sorted(name for name, count in counts.items() if count >= SEEN_AT_LEAST)
    place = {name: number for number, name in enumerate(names)}
    seen = np.zeros((len(rows), len(names)), dtype=np.float32)
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name in place:
                seen[number, place[name]] = value
    right = np.zeros((len(rows), len(skills)), dtype=np.float32)
    right[np.arange(len(rows)), [skills.index(each.skill) for each in sentences]] = 1
    weights = _descend(seen, right)
    return {"skills": skills, "weights": _kept(names, weights)}


def _descend(seen: Any, right: Any) -> Any:
    weights = np.zeros((seen.shape[1], right.shape[1]), dtype=np.float32)
    mean, spread = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        odds = seen @ weights
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        slope = seen.T @ ((odds / odds.sum(axis=1, keepdims=True) - right) / len(seen)) + DECAY * weights
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.999 * spread + 0.001 * slope * slope
        weights -= 0.3 * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-8)
    return weights


def _kept(names: Sequence[str], weights: Any) -> dict[str, dict[str, float]]:
    kept = {}
    for name, row in zip(names, weights.tolist(), strict=True):
        told = {str(number): round(weight, 1) for number, weight in enumerate(row) if abs(weight) >= SMALLEST}
        if told:
            kept[name] = told
    return kept

"""Learns assistant/engine/learned_skills.json: one linear model for all skills, by gradient descent in small batches."""

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
ROUNDS = 24
AVERAGED = 8  # the last rounds, whose mean is kept: one sentence more or less changes little
BATCH = 256
RATE = 0.05
DECAY = 2e-5
SMALLEST = 0.25


def learn(sentences: Sequence[Sentence]) -> dict[str, Any]:
    rows = [features(understand(clean(each.text))[1].masked) for each in sentences]
    skills = sorted({each.skill for each in sentences})
    counts = Counter(name for row in rows for name in row)
    names = sorted(name for name, count in counts.items() if count >= SEEN_AT_LEAST)
    place = {name: number for number, name in enumerate(names)}
    examples = [
        (
            np.array([place[name] for name in row if name in place]),
            np.array([row[name] for name in row if name in place]),
        )
        for row in rows
    ]
    right = np.array([skills.index(each.skill) for each in sentences])
    return {"skills": skills, "weights": _kept(names, _descend(examples, right, (len(names), len(skills))))}


def _descend(examples: Sequence[tuple[Any, Any]], right: Any, shape: tuple[int, int]) -> Any:
    """The mean of the weights over the last rounds."""
    weights, total = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float64)
    mean, spread = np.zeros_like(weights), np.zeros_like(weights)
    chance, step = np.random.default_rng(5), 0
    for turn in range(ROUNDS):
        order = chance.permutation(len(examples))
        for first in range(0, len(order), BATCH):
            step += 1
            slope = _slope(weights, [(*examples[number], right[number]) for number in order[first : first + BATCH]])
            mean = 0.9 * mean + 0.1 * slope
            spread = 0.999 * spread + 0.001 * slope * slope
            weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-8)
        if turn >= ROUNDS - AVERAGED:
            total += weights
    return total / AVERAGED


def _slope(weights: Any, batch: Sequence[tuple[Any, Any, Any]]) -> Any:
    slope = DECAY * weights
    seen = np.zeros(
        (len(batch), len(used := np.unique(np.concatenate([places for places, _, _ in batch])))), np.float32
    )
    for number, (places, values, _) in enumerate(batch):
        seen[number, np.searchsorted(used, places)] = values
    odds = seen @ weights[used]
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    odds[np.arange(len(batch)), [skill for _, _, skill in batch]] -= 1
    slope[used] += seen.T @ odds / len(batch)
    return slope


def _kept(names: Sequence[str], weights: Any) -> dict[str, dict[str, float]]:
    kept = {}
    for name, row in zip(names, weights.tolist(), strict=True):
        told = {str(number): round(weight, 1) for number, weight in enumerate(row) if abs(weight) >= SMALLEST}
        if told:
            kept[name] = told
    return kept

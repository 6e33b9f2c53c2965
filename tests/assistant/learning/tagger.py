"""Learns assistant/engine/learned_names.json: an averaged structured perceptron. Same sentences, same weights."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from assistant.engine import names as naming
from assistant.engine import slots as shapes
from assistant.engine import tagger
from assistant.engine.text import clean
from tests.assistant.learning.sentences import Sentence

ROUNDS = 5
Example = tuple[list[list[str]], list[str]]


def example(sentence: Sentence) -> Example | None:
    """What is seen at each piece, and the tag it should have."""
    if sentence.spans is None or clean(sentence.text) != sentence.text:
        return None
    heard = shapes.extract(sentence.text)
    words = naming.pieces_of(heard)
    tags = []
    for word in words:
        # A quoted name is one piece with its quotes.
        span = next((each for each in sentence.spans if word.start < each[2] and each[1] < word.end), None)
        if span is None:
            tags.append("O")
        else:
            tags.append(("B" if word.start <= span[1] or not tags or tags[-1][1:] != span[0] else "I") + span[0])
    return tagger.features(words), tags


def learn(sentences: Sequence[Sentence]) -> dict[str, dict[str, float]]:
    examples = [found for each in sentences if (found := example(each)) is not None]
    weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    chance, step = random.Random(5), 1.0

    def change(feature: str, tag: str, by: float) -> None:
        weights[feature][tag] += by
        totals[feature][tag] += step * by

    for _ in range(ROUNDS):
        chance.shuffle(examples)
        for seen, right in examples:
            got = tagger.best_path(seen, weights)
            if got != right:
                for place, here in enumerate(seen):
                    before_right = right[place - 1] if place else ""
                    before_got = got[place - 1] if place else ""
                    if right[place] != got[place]:
                        for feature in here:
                            change(feature, right[place], 1.0)
                            change(feature, got[place], -1.0)
                    if place and (right[place], before_right) != (got[place], before_got):
                        change(f"t={before_right}", right[place], 1.0)
                        change(f"t={before_got}", got[place], -1.0)
            step += 1
    return {
        feature: kept
        for feature, tags in weights.items()
        if (
            kept := {
                tag: w for tag, value in tags.items() if abs(w := round(value - totals[feature][tag] / step, 2)) > 0.08
            }
        )
    }

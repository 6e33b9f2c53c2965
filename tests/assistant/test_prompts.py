"""The sentences of prompts.jsonl are understood, the article's examples word for word among them."""

from __future__ import annotations

from collections import Counter

import pytest

from assistant.engine.match import matcher
from assistant.skills import SKILLS
from tests.assistant.score import heard, prompts, score

WIRED = {*SKILLS, "help", "out_of_scope"}


def test_enough_sentences_for_every_wired_skill() -> None:
    counts = Counter(row["skill"] for row in prompts())
    assert all(counts[skill] >= 8 for skill in WIRED)
    assert set(counts) == set(matcher().intents), "every skill of the product has sentences"


@pytest.mark.parametrize("held_out", [False, True], ids=["seen", "held-out"])
def test_understanding_meets_its_bar(held_out: bool) -> None:
    result = score(row for row in prompts() if row["held_out"] is held_out)
    assert result.asked.total() >= 100
    assert result.accuracy >= 0.97, result.misses
    assert result.f1 >= 0.96, result.misses


@pytest.mark.parametrize(
    ("sentence", "skill", "slots"),
    [
        (
            "What is the current price for end of sale Visio Plan 1 for customer Contoso?",
            "price_lookup",
            {"product": "Visio Plan 1", "customer": "Contoso"},
        ),
        (
            "What is the current price for Power BI Pro for customer Contoso?",
            "price_lookup",
            {"product": "Power BI Pro", "customer": "Contoso"},
        ),
        (
            "Is the offer Power BI Pro CFQ7TTC0H9MP:0001 eligible for promotion for customer Contoso",
            "promotion_eligibility",
            {"product": "CFQ7TTC0H9MP", "sku": "0001", "customer": "Contoso"},
        ),
        (
            "Verify if a product CFQ7TTC0H9MP, sku 0001 is eligible for promo for P1Y termDuration, monthly billingCycle"
            " and 25 quantity for customer Contoso.",
            "promotion_eligibility",
            {
                "product": "CFQ7TTC0H9MP",
                "sku": "0001",
                "term_duration": "P1Y",
                "billing_cycle": "monthly",
                "quantity": 25,
                "customer": "Contoso",
            },
        ),
        ("Get my list of subscriptions for customer Contoso.", "subscription_list", {"customer": "Contoso"}),
        (
            "Please generate a list of all my subscriptions that are set to go to EST at the end of their term.",
            "est_report",
            {},
        ),
    ],
)
def test_the_articles_examples(sentence: str, skill: str, slots: dict[str, object]) -> None:
    found, fill = heard(sentence)
    assert found == skill
    assert fill(skill) == slots

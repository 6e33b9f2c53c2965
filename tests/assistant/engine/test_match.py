"""Where one skill ends and the next begins (product.md §5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.match import WRITES, matcher
from assistant.services.pages import PLACES
from assistant.skills import SKILLS
from tests.assistant.score import heard


@pytest.mark.parametrize(
    ("sentence", "skill"),
    [
        ("Is Power BI Pro eligible for a promotion for Coho Winery?", "promotion_eligibility"),
        ("Which other terms have a promotion for Power BI Pro for Coho Winery?", "promotion_alternatives"),
        ("Why does this cart line have no promotion?", "find_out_why"),
        ("Which promotion does order 88412 have?", "order_promotion"),
        ("Is Office 365 E3 eligible to move to new commerce for Coho Winery?", "migration_eligibility"),
        ("What can Office 365 E3 of Coho Winery be upgraded to?", "transition_eligibility"),
        ("How far is the upgrade of Office 365 E3 at Coho Winery?", "transition_status"),
        ("Can I cancel Visio Plan 2 for Coho Winery?", "cancellation_eligibility"),
        ("Is it too late to cancel Visio Plan 2 for Coho Winery?", "cancellation_eligibility"),
        ("Cancel Visio Plan 2 for Coho Winery", "clarify"),
        ("Cancel the duplicate of Coho Winery after the upgrade", "cancel_duplicate"),
        ("Who is the partner of record on Visio Plan 2 for Coho Winery?", "subscription_details"),
        ("Is the partner of record valid for Coho Winery?", "validate_partner_of_record"),
        ("A file for the renewals please", "clarify"),
        ("What is EST?", "help"),
        ("What do you need to cancel a duplicate?", "help"),
        ("Switch auto-renew off for Visio Plan 2 at Coho Winery", "out_of_scope"),
        ("Buy 5 seats of Visio Plan 2 for Coho Winery", "out_of_scope"),
        ("Don't cancel it, only check if Visio Plan 2 of Coho Winery can be canceled", "cancellation_eligibility"),
    ],
)
def test_boundaries(sentence: str, skill: str) -> None:
    assert heard(sentence)[0] == skill


def test_same_sentence_same_match() -> None:
    sentence = "price of <product> for <name>"
    assert matcher().match(sentence) == matcher().match(sentence)


def test_every_skill_of_the_product_is_an_intent() -> None:
    assert set(SKILLS) <= set(matcher().intents)
    assert len(matcher().intents) == 22


def test_what_was_learned_is_about_every_skill_and_every_tag() -> None:
    assert set(matcher().skills) == set(matcher().intents)


@pytest.mark.parametrize(
    "sentence",
    [
        "Cancel Business Premium for Coho Winery",
        "Please stop the Visio Plan 2 of Upgrade Partners Ltd",
        "What happens to the old licenses after an upgrade?",
        "Can the duplicate Visio Plan 2 of Coho Winery be canceled? I only ask.",
        "Which customers had an upgrade?",
        "reduce everything",
    ],
)
def test_nothing_but_a_request_about_a_duplicate_opens_a_change(sentence: str) -> None:
    assert heard(sentence)[0] not in WRITES


WORDS = [
    "reduce",
    "old",
    "duplicate",
    "<quantity>",
    "<product>",
    "cancel",
    "seats",
    "<name>",
    "only",
    "keep",
    "fewer",
    "the",
]


@given(words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_whatever_is_said_has_an_answer_and_what_it_is_between(words: list[str]) -> None:
    match = matcher().match(" ".join(words))
    assert match.skill in matcher().intents
    assert (len(match.between) == 2) is (match.skill == "clarify")


def test_a_weak_match_is_asked_about_and_nonsense_is_declined_with_the_nearest() -> None:
    nonsense = matcher().match("wibble wobble flurp")
    assert nonsense.skill in {"out_of_scope", "small_talk", "clarify"}
    assert len(nonsense.nearest) == 3


def test_pages_that_help_are_named() -> None:
    assert {intent["page"] for intent in matcher().intents.values() if "page" in intent} <= set(PLACES)

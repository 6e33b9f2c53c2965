"""Contract §3.4, §3.5: what is scheduled, in words, and §3.1: what a change of the subscription deletes."""

from __future__ import annotations

from typing import Any

import pytest

from customers.rules.scheduled_changes import replaced_by_choice, sentences

PRODUCT = {
    "productId": "CFQ7TTC0LCHC", "skuId": "001Q", "availabilityId": "CFQ7TTC0TQ0C", "billingCycle": "Annual",
    "termDuration": "P3Y", "promotionId": "39NFJQT26J7Z:0006:084R5MQ9QF1W",
}  # fmt: skip
NEXT = {"product": PRODUCT, "quantity": 10, "customTermEndDate": None}
CANCEL = {"scheduleType": "TermEnd", "actionType": "Cancel", "instructions": None}
TRANSITION = {"scheduledType": "TermEnd", "actionType": "Transition", "instructions": NEXT}
LATER = {"scheduleType": "CustomDate", "actionType": "Cancel"}
DETAILS = "10 licenses, 3 years, billed yearly, SKU CFQ7TTC0LCHC:001Q, promotion 39NFJQT26J7Z:0006:084R5MQ9QF1W."


@pytest.mark.parametrize(
    ("next_term", "actions", "expected"),
    [
        pytest.param(None, [], [], id="nothing"),
        pytest.param(NEXT, [], [f"At the renewal: {DETAILS}"], id="§3.4 the classic shape"),
        pytest.param({"quantity": 8}, [], ["At the renewal: 8 licenses."], id="§3.4 only fewer licenses"),
        pytest.param({"odd": 1}, [], ["At the renewal: instructions without details."], id="nothing that is known"),
        pytest.param(None, [CANCEL], ["Canceled at the end of the term."], id="§3.5 cancel"),
        pytest.param(
            None, [TRANSITION], [f"Changed to another product at the end of the term: {DETAILS}"], id="§3.5 transition"
        ),
        pytest.param(None, [{"actionType": "Pause"}], ["Scheduled action Pause."], id="an unknown action is named"),
    ],
)
def test_what_is_scheduled(next_term: Any, actions: list[dict[str, Any]], expected: list[str]) -> None:
    assert list(sentences(next_term, actions)) == expected


def test_an_earlier_choice_is_no_loss() -> None:
    assert replaced_by_choice([CANCEL, LATER, TRANSITION]) == [TRANSITION]

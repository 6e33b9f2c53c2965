"""Sentences while a request waits: what belongs to the open step, and what is a question like any other."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine import flow, verification
from assistant.engine.flow import APPROVE, CONTACT, Brings


@given(st.binary(min_size=32, max_size=32))
def test_an_id_is_read_back_however_it_is_typed(secret: bytes) -> None:
    code = verification.from_bytes(hashlib.sha256(secret).digest())
    assert len(code) == 9
    assert not set(code) & set("01ILO")
    assert any(symbol in string.digits for symbol in code)
    shown = verification.grouped(code)
    for typed in (shown, shown.lower(), code, f" {code[:4]} {code[4:]} ", shown.replace("-", " ")):
        assert verification.plain(typed) == code
    for sentence in (shown, code, f"the id is {shown.lower()}", f"verification ID: {shown.replace('-', ' ')}."):
        assert verification.plain(flow.listen(sentence, step=APPROVE).code) == code


@pytest.mark.parametrize(
    ("sentence", "step", "brings"),
    [
        ("stop", APPROVE, Brings(stop=True)),
        ("No, thanks.", CONTACT, Brings(stop=True)),
        ("don't do it", APPROVE, Brings(stop=True)),
        ("cancel it", APPROVE, Brings(either=True)),
        ("Cancel", CONTACT, Brings(either=True)),
        ("yes", APPROVE, Brings(yes=True)),
        ("use my profile", CONTACT, Brings(yes=True)),
        ("KX7-4M2-Q9O", APPROVE, Brings(code="KX7-4M2-Q9O")),
        ("KX7-4M2", APPROVE, Brings(code="KX7-4M2")),
        ("keep 10 licenses", APPROVE, Brings(keep=10)),
        ("make it 1,200", APPROVE, Brings(keep=1200)),
        ("reduce by 5", CONTACT, Brings(less=5)),
        ("cancel it all instead", APPROVE, Brings(whole=True)),
        ("mara@contoso.com, +49 30 901820", CONTACT, Brings(email="mara@contoso.com", phone="+49 30 901820")),
        ("call me at (425) 555-0100", CONTACT, Brings(phone="(425) 555-0100")),
        ("425 555 0100", CONTACT, Brings(phone="425 555 0100")),
        (
            "KX7-4M2-Q9D, mara@contoso.com and phone +1 425 555 0100",
            APPROVE,
            Brings(code="KX7-4M2-Q9D", email="mara@contoso.com", phone="+1 425 555 0100"),
        ),
    ],
)
def test_what_belongs_to_the_step(sentence: str, step: str, brings: Brings) -> None:
    assert flow.listen(sentence, step=step) == brings


@pytest.mark.parametrize("step", [APPROVE, CONTACT])
@pytest.mark.parametrize(
    "sentence",
    [
        "what is EST?",
        "price of Microsoft 365 Business Premium for Fabrikam",
        "bbbb1b1b-cc2c-dd3d-ee4e-ffffff5f5f5f",
        "is there a promotion on order 1234567890",
        "Get my list of subscriptions for customer Fabrikam Robotics.",
        "how many licenses can I reduce on subscription Visio Plan 2?",
        "microsoft",
    ],
)
def test_another_question_is_another_question(sentence: str, step: str) -> None:
    assert flow.listen(sentence, step=step).nothing


@given(st.text(max_size=300), st.sampled_from([APPROVE, CONTACT]))
def test_no_sentence_breaks_it(sentence: str, step: str) -> None:
    found = flow.listen(sentence, step=step)
    assert len(found.code) <= 300


@pytest.mark.parametrize("shape", ["1" * 2000, "1 " * 1000, "+1(" * 600, "a@" * 1000, "A1-" * 600, "by " * 600])
def test_long_nonsense_is_answered_at_once(shape: str) -> None:
    flow.listen(shape, step=APPROVE)
    flow.listen(shape, step=CONTACT)

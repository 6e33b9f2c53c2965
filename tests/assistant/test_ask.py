"""manage.py ask: one question or a file of them, as JSON (product.md §5.2)."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from customers.models import Cart, Customer, Sku
from portal.core.models import User

pytestmark = pytest.mark.django_db
KEYS = {"skill", "slots", "status", "asks_for", "text", "links", "conversation"}


def ask(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("ask", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_one_question(ours_user: User, premium: Sku) -> None:
    answer = ask("--user", ours_user.email, "price of Business Premium for Fabrikam Robotics for 3 seats")
    assert set(answer) == KEYS
    assert (answer["skill"], answer["status"], answer["asks_for"]) == ("price_lookup", "answered", [])
    assert answer["slots"]["quantity"] == 3
    assert any("/customers/" in link["url"] for link in answer["links"])


def test_a_conversation_goes_on(ours_user: User, premium: Sku) -> None:
    first = ask("--user", ours_user.email, "what is the price of Business Premium")
    assert (first["status"], first["asks_for"]) == ("needs_input", ["customer"])
    second = ask("--user", ours_user.email, "--conversation", first["conversation"], "Fabrikam Robotics")
    assert (second["status"], second["conversation"]) == ("answered", first["conversation"])


def test_a_file_of_questions(ours_user: User, fabrikam: Customer, premium: Sku, cart: Cart, tmp_path: Path) -> None:
    lines = [
        {"prompt": "price of Business Premium", "conversation": "one", "note": "kept"},
        {"prompt": "list the subscriptions", "page": f"/customers/{fabrikam.tenant_id}/"},
        {"prompt": "Fabrikam Robotics", "conversation": "one"},
        {"prompt": "why is there no promotion on line 1", "page": f"/carts/{cart.cart_id}/"},
        {"prompt": 7},
        {"prompt": "x" * 100_000},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join([*map(json.dumps, lines), "{broken", "[1]", ""]), encoding="utf-8")
    call_command("ask", "--user", ours_user.email, "--input", str(source), "--output", str(target), stderr=StringIO())
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [answer["status"] for answer in answers] == [
        "needs_input", "answered", "answered", "answered", "error", "error", "error", "error",
    ]  # fmt: skip
    assert answers[0]["note"] == "kept"
    assert answers[0]["conversation"] == answers[2]["conversation"] == "one"
    assert answers[1]["slots"] == {"customer": "Fabrikam Robotics"}
    assert answers[2]["skill"] == "price_lookup"
    assert answers[3]["skill"] == "find_out_why"
    assert all({"skill", "slots", "status", "asks_for", "text", "links"} <= set(answer) for answer in answers)


def test_a_line_that_cannot_be_read_costs_that_line_alone(ours_user: User, tmp_path: Path) -> None:
    lines = [
        b'{"prompt": "help", "note": "\\ud800"}',
        b'{"prompt": "help", "conversation": "\\ud800"}',
        b'{"prompt": "help \xff"}',
        b"[" * 100_000,
        b'{"prompt": "help", "number": ' + b"9" * 5000 + b"}",
        b'{"prompt": "help", "note": "Zo\xc3\xab"}',
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(lines))
    call_command("ask", "--user", ours_user.email, "--input", str(source), "--output", str(target), stderr=StringIO())
    written = target.read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in written]
    assert [answer["status"] for answer in answers] == ["answered"] * 3 + ["error", "error", "answered"]
    assert answers[0]["note"] == "\ud800"
    assert "Zoë" in written[5]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--user", "nobody@contoso.example", "hello"), "no active user"),
        (("--user", "ours@contoso.example"), "Give a question"),
        (("--user", "ours@contoso.example", "--conversation", "x", "hello"), "not the ID"),
        (
            ("--user", "ours@contoso.example", "--conversation", "00001111-aaaa-2222-bbbb-3333cccc4444", "hello"),
            "no such",
        ),
        (("--user", "ours@contoso.example", "--input", "/nowhere.jsonl"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(ours_user: User, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("ask", *arguments)

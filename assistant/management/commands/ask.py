"""Ask the assistant from the command line: one question, or a file of them.

    manage.py ask --user mara@contoso.example "What is the price of Power BI Pro for Fabrikam?"
    manage.py ask --user mara@contoso.example --input questions.jsonl --output answers.jsonl

One JSON object is printed: `skill`, `slots`, `status`, `asks_for`, `text`, `links`, `conversation`.
Slots hold what was understood: terms as P1M, P1Y, P3Y, cycles as monthly, annual, triennial, quantities as
numbers; ids and domains as they were written; a name that was found as its record spells it, else as written.
"""

from __future__ import annotations

import json
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant import services
from assistant.services.present import links
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope


class Command(BaseCommand):
    help = "Ask the assistant a question, or a file of questions, with the rights of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt", nargs="?", help="the question")
        parser.add_argument("--user", required=True, metavar="EMAIL", help="who asks")
        parser.add_argument("--conversation", metavar="ID", help="go on with this conversation")
        parser.add_argument("--page", default="", metavar="PATH", help="the page it is asked on")
        parser.add_argument("--input", type=Path, metavar="FILE", help="JSON Lines with prompt, conversation, page")
        parser.add_argument("--output", type=Path, metavar="FILE", help="where the answers go, one line each")

    def handle(self, *_args: Any, **options: Any) -> None:
        scope = _scope_of(options["user"])
        if options["input"] is not None:
            self._batch(scope, options["input"], options["output"])
            return
        if options["prompt"] is None:
            raise CommandError("Give a question, or a file of questions with --input.")
        conversation = _identifier(options["conversation"])
        try:
            answer = _ask(scope, options["prompt"], conversation=conversation, page=options["page"])
        except services.ConversationNotFound as missing:
            raise CommandError(str(missing)) from missing
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))

    def _batch(self, scope: Scope, source: Path, target: Path | None) -> None:
        try:
            # What is no UTF-8 costs its own line at most.
            lines = source.open(encoding="utf-8", errors="replace")
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        with lines:
            if target is None:
                _run(scope, lines, self.stdout)
                return
            try:
                out = target.open("w", encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
            with out:
                count = _run(scope, lines, out)
        self.stderr.write(f"{count} questions answered.")


def _run(scope: Scope, lines: Iterator[str], out: Any) -> int:
    """Answer each line in order. A label stands for one conversation. A bad line is answered with its error."""
    labels: dict[str, uuid.UUID] = {}
    count = 0
    for line in lines:
        if not line.strip():
            continue
        count += 1
        out.write(_as_line(_one(scope, line, labels)))
    return count


def _as_line(answer: dict[str, Any]) -> str:
    text = json.dumps(answer, ensure_ascii=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON can spell and UTF-8 cannot
        return json.dumps(answer) + "\n"
    return text


def _one(scope: Scope, line: str, labels: dict[str, uuid.UUID]) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"input": line.rstrip("\n")[:500]} | _error("This line is not JSON.")
    if not isinstance(asked, dict) or not isinstance(asked.get("prompt"), str):
        given = asked if isinstance(asked, dict) else {"input": asked}
        return given | _error("A line needs a prompt.")
    label = "" if asked.get("conversation") is None else str(asked["conversation"])
    try:
        answer = _ask(scope, asked["prompt"], conversation=labels.get(label), page=str(asked.get("page") or ""))
    except Exception as error:  # one question may not end the run; the line says what happened
        return asked | _error(f"The question could not be answered: {type(error).__name__}.")
    if label:
        labels[label] = uuid.UUID(answer["conversation"])
        answer["conversation"] = asked["conversation"]
    return asked | answer


def _error(text: str) -> dict[str, Any]:
    return {
        "skill": "out_of_scope", "slots": {}, "status": "error", "asks_for": [], "text": text, "links": [],
    }  # fmt: skip


def _ask(scope: Scope, prompt: str, *, conversation: uuid.UUID | None, page: str) -> dict[str, Any]:
    as_of = clock.now()
    context = services.look_at(scope, path=page, as_of=as_of) if page else services.NOWHERE
    exchange = services.handle(scope, text=prompt, as_of=as_of, conversation_id=conversation, page=context)
    reply = exchange.answer
    return {
        "skill": reply.skill,
        "slots": reply.slots,
        "status": reply.status,
        "asks_for": list(reply.answer.get("asks_for", ())),
        "text": services.text_of(scope, reply),
        "links": links(reply.answer),
        "conversation": str(exchange.conversation.conversation_id),
    }


def _scope_of(email: str) -> Scope:
    user = User.objects.select_related("current_membership__partner").filter(email__iexact=email).first()
    if user is None or not user.is_active:
        raise CommandError(f"There is no active user with the e-mail address {email}.")
    if user.current_membership is None:
        raise CommandError(f"{email} belongs to no partner.")
    return user.current_membership.scope()


def _identifier(text: str | None) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CommandError(f"{text} is not the ID of a conversation.") from None

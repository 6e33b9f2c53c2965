"""Write the lists that come from the code (rules, reports, skills), or check that they are up to date."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.skills import SKILLS
from customers.services import rule_book
from downloads.reports import REPORTS

NOTE = "<!-- Written by `manage.py docs`; edit the code instead. -->\n\n"


def rules() -> str:
    """Every rule with its sentence and source, as the product's page "How this is decided" has them."""
    lines = ["# Rules\n", "| code | rule | contract | source | checked |", "| --- | --- | --- | --- | --- |"]
    for entry in sorted(rule_book.entries(), key=lambda entry: entry.rule.code):
        r, sentence = entry.rule, entry.sentence.replace("|", "\\|")
        lines.append(
            f"| `{r.code}` | **{r.title}.** {sentence} | {r.section} | <{r.source}> | {r.checked_on:%Y-%m-%d} |"
        )
    return "\n".join(lines) + "\n"


def reports() -> str:
    lines = ["# Reports\n"]
    for key, report in REPORTS.items():
        lines += [f"## `{key}` {report.title}\n", (inspect.getdoc(report) or "").strip(), ""]
        lines += ["Columns: " + ", ".join(f"`{column.header}`" for column in report.columns), ""]
    return "\n".join(lines)


def skills() -> str:
    lines = ["# Skills\n", "| id | answers | slots | needs |", "| --- | --- | --- | --- |"]
    for skill in SKILLS.values():
        slots = ", ".join(f"`{slot.name}`" + ("" if slot.required else "?") for slot in skill.slots)
        lines.append(f"| `{skill.key}` | {skill.title} | {slots or '–'} | {skill.capability} |")
    return "\n".join(lines) + "\n"


DOCUMENTS = {"rules.md": rules, "reports.md": reports, "skills.md": skills}


class Command(BaseCommand):
    help = "Write docs/rules.md, reports.md and skills.md from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail when a file is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs"
        stale = []
        for name, write in DOCUMENTS.items():
            text = NOTE + write()
            path = folder / name
            if path.exists() and path.read_text() == text:
                continue
            stale.append(name)
            if not options["check"]:
                path.write_text(text)
        if stale and options["check"]:
            raise CommandError("out of date, run `manage.py docs`: " + ", ".join(stale))
        self.stdout.write("written: " + (", ".join(stale) or "nothing, all up to date"))

"""Write a report to a file, without the queue: what a request of the partner would get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from downloads import services
from downloads.reports import REPORTS
from portal.core import clock
from portal.core.models import Partner


class Command(BaseCommand):
    help = "Write a report of a partner to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(REPORTS), help="the report")
        parser.add_argument("--partner", required=True, metavar="PLA_ID", help="PartnerID of the partner")
        parser.add_argument("--output", required=True, metavar="FILE", type=Path, help="the file to write")
        parser.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="csv, or jsonl: JSON Lines")

    def handle(self, *_args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(mpn_id=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner with PartnerID {options['partner']}.")
        path: Path = options["output"]
        as_json = options["format"] == "jsonl"
        try:
            made = services.write_report(partner, report=options["kind"], path=path, as_of=clock.now(), as_json=as_json)
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}") from None
        self.stdout.write(
            f"{made.rows:,} row{'' if made.rows == 1 else 's'}, {made.size:,} bytes, sha256 {made.sha256}: {path}"
        )
        if not made.rows:
            self.stdout.write(REPORTS[options["kind"]].nothing)

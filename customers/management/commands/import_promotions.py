"""`manage.py import_promotions FILE [--country US] [--segment commercial] [--dry-run] [--skip-bad]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.services import promotion_import
from portal.core import clock
from portal.core.scope import Scope


class Command(BaseCommand):
    help = "Import promotions, as the vendor's promotions call answers them, and say what changed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the answer of the vendor's promotions call, as JSON")
        parser.add_argument("--country", default="US", help="that the promotions were asked for")
        parser.add_argument(
            "--segment",
            choices=promotion_import.SEGMENTS,
            type=str.capitalize,
            default=promotion_import.SEGMENTS[0],
            help="that the promotions were asked for",
        )
        parser.add_argument("--dry-run", action="store_true", help="validate and compare, store nothing")
        parser.add_argument("--skip-bad", action="store_true", help="leave bad items out instead of refusing the file")

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                result = promotion_import.import_promotions(
                    Scope.for_operator(),
                    file=opened,
                    name=file.name,
                    as_of=clock.now(),
                    country=options["country"].upper(),
                    segment=options["segment"],
                    skip_bad=options["skip_bad"],
                    dry_run=dry_run,
                )
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        except promotion_import.PromotionsUnreadable as problem:
            raise CommandError(f"{file.name}: {problem}") from None
        for error in result.errors:
            self.stderr.write(str(error))
        if result.error_count > len(result.errors):
            self.stderr.write(f"and {result.error_count - len(result.errors):,} more")
        if result.refused:
            bad = f"{result.error_count:,} of {result.item_count:,} promotions are bad"
            raise CommandError(f"{file.name}: {bad}. Nothing was stored.")
        self.stdout.write(f"{file.name}: {result.item_count:,} promotions read")
        for word in ("added", "changed", "unchanged"):
            self.stdout.write(f"{word.capitalize():<10} {getattr(result, word):>8,}")
        if result.repeated:
            self.stdout.write(f"{'Repeated':<10} {result.repeated:>8,}")
        if result.error_count:
            self.stdout.write(f"{'Skipped':<10} {result.error_count:>8,}")
        if dry_run:
            self.stdout.write("Dry run: nothing was stored.")

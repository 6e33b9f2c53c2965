"""`manage.py import_price_list FILE [--view current|future|eos|est] [--segment S] [--dry-run] [--skip-bad]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.services import price_list_import
from portal.core import clock
from portal.core.scope import Scope

PROGRESS_EVERY = 50_000


class Command(BaseCommand):
    help = "Import a price list (csv, zip, gz, deflate, xlsx) and say what changed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the price list, as downloaded")
        parser.add_argument(
            "--view", choices=price_list_import.VIEWS, default=price_list_import.VIEWS[0], help="which list it is"
        )
        parser.add_argument(
            "--segment",
            choices=price_list_import.SEGMENTS,
            default=price_list_import.SEGMENTS[0],
            help="of rows that name none",
        )
        parser.add_argument("--dry-run", action="store_true", help="validate and compare, store nothing")
        parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out instead of refusing the file")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                result = price_list_import.import_price_list(
                    Scope.for_operator(),
                    file=opened,
                    name=file.name,
                    as_of=clock.now(),
                    view=options["view"],
                    segment=options["segment"],
                    skip_bad=options["skip_bad"],
                    dry_run=options["dry_run"],
                    progress=self._progress,
                )
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        except price_list_import.PriceListUnreadable as problem:
            raise CommandError(f"{file.name}: {problem}") from None
        self._tell(file.name, result, dry_run=options["dry_run"])

    def _progress(self, row_count: int) -> None:
        if row_count % PROGRESS_EVERY == 0:
            self.stderr.write(f"{row_count:,} rows read")

    def _tell(self, name: str, result: price_list_import.PriceListImport, *, dry_run: bool) -> None:
        for error in result.errors:
            self.stderr.write(str(error))
        if result.error_count > len(result.errors):
            self.stderr.write(f"and {result.error_count - len(result.errors):,} more")
        bad = f"{result.error_count:,} of {result.row_count:,} rows are bad"
        if result.refused:
            raise CommandError(f"{name}: {bad}. Nothing was stored.")
        self.stdout.write(f"{name}: {result.row_count:,} rows read")
        for word in ("added", "changed", "unchanged", "withdrawn"):
            self.stdout.write(f"{word.capitalize():<10} {getattr(result, word):>12,}")
        if result.repeated:
            self.stdout.write(f"{'Repeated':<10} {result.repeated:>12,}")
        if result.error_count:
            self.stdout.write(f"{'Skipped':<10} {result.error_count:>12,}")
        if result.nothing_withdrawn:
            self.stdout.write("Nothing was withdrawn: with rows left out, the file is not known to be complete.")
        if dry_run:
            self.stdout.write("Dry run: nothing was stored.")

"""Loads sample data: three partner tenants, one of each kind, that show every feature."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from customers.services.demo import partners
from customers.services.demo.load import DemoRefused, load
from portal.core import clock
from portal.core.models import Partner

# Known to everybody: good for a trial on one's own machine, and nowhere else.
TRIAL_PASSWORD = "sample data only"  # noqa: S105


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, help="how many customers in all; more go to the distributor")
        parser.add_argument("--subscriptions", type=int, help="how many subscriptions in all")
        parser.add_argument("--seed", type=int, default=1, help="another number, other rows (1)")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is any partner")
        parser.add_argument("--yes-demo-in-production", action="store_true", help="load it into a real installation")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["if_empty"] and Partner.objects.exists():
            self._show_accounts("")
            return
        if settings.PRODUCTION and not options["yes_demo_in_production"]:
            raise CommandError("This is a production installation. Add --yes-demo-in-production to mean it.")
        password = secrets.token_urlsafe(12) if settings.PRODUCTION else TRIAL_PASSWORD
        try:
            loaded = load(
                customers=options["customers"], subscriptions=options["subscriptions"], seed=options["seed"],
                password=password, as_of=clock.now(), progress=self._tell,
            )  # fmt: skip
        except DemoRefused as refused:
            raise CommandError(str(refused)) from refused
        state = "Loaded" if loaded.changed else "Nothing to do: there are"
        self.stdout.write(f"{state} {loaded.customers:,} customers and {loaded.subscriptions:,} subscriptions.")
        self._show_accounts(password if loaded.first else "")

    def _tell(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()

    def _show_accounts(self, password: str) -> None:
        if not partners.existing_partners():
            return
        rows = partners.accounts()
        widths = [max(len(getattr(row, name)) for row in rows) for name in ("email", "name", "role")]
        self.stdout.write("Sign-in accounts:")
        for row in rows:
            self.stdout.write(
                f"  {row.email:<{widths[0]}}  {row.name:<{widths[1]}}  {row.role:<{widths[2]}}  {row.partner}"
            )
        if not settings.PRODUCTION:
            password = TRIAL_PASSWORD
        self.stdout.write(
            f"Password for all of them: {password}" if password else "Password: as shown at the first load."
        )

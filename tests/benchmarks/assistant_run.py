"""What `tests.benchmarks.assistant` measures, on the database of DATABASE_URL."""

from __future__ import annotations

import importlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from tests.benchmarks.lists import Report
from tests.benchmarks.memory import peak_megabytes

SEED = 3
QUERIES = 200
QUESTIONS = 150
LEGAL = ("GmbH", "Ltd", "Inc", "LLC", "AG", "SARL", "BV", "")
FORMS = (
    "price of Business Premium for {}",
    "Get my list of subscriptions for customer {}",
    "what do we charge {} for 12 licenses of Business Premium, one year, billed monthly",
    "is there a promo on Business Premium for {}",
    "validate partner of record for {}",
    "can {} still cancel Business Premium",
)


def names(count: int, chance: random.Random) -> list[str]:
    """Company names of two or three words with a legal form, all different."""
    from tests.benchmarks.lists_run import KINDS, WORDS  # noqa: PLC0415 - needs the settings

    found: dict[str, None] = {}
    syllables = "ba be bo ca co da de do fa fi ga go ha hi ja ka ko la lo ma mi na no pa pe ra ri sa so ta to va vi wa ze".split()  # noqa: SIM905
    while len(found) < count:
        first = "".join(chance.choices(syllables, k=chance.choice((2, 3, 4)))).capitalize()
        words = [first, chance.choice(WORDS).capitalize(), chance.choice(KINDS).capitalize()]
        chance.shuffle(words)
        found[" ".join([*words[: chance.choice((2, 3))], first, chance.choice(LEGAL)]).strip()] = None
    return list(found)


def misspelt(name: str, chance: random.Random) -> str:
    """One slip of the finger, without the legal form, in lower case."""
    words = name.split()
    if words[-1] in LEGAL:
        words.pop()
    text = " ".join(words).lower()
    at = chance.randrange(1, len(text) - 1)
    slip = chance.random()
    if slip < 0.35:
        return text[:at] + text[at + 1 :]
    if slip < 0.65:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + chance.choice("aeiostn") + text[at + (slip < 0.8) :]


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def p95(times: Sequence[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    importlib.import_module("portal.wsgi")
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings
    from django.db import connection  # noqa: PLC0415

    step, count = sys.argv[1], int(sys.argv[2])
    if step == "fill":
        from tests.benchmarks.assistant_data import fill  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        fill(names(count, random.Random(SEED)))
        return 0
    sys.stdout.write(f"{connection.vendor}, {count:,} customers\n")
    report = Report()
    measure(report, count)
    sys.stdout.write(f"broken: {', '.join(report.broken)}\n" if report.broken else "every limit is kept\n")
    return 1 if report.broken else 0


def measure(report: Report, count: int) -> None:
    from assistant import services  # noqa: PLC0415 - needs the settings
    from assistant.engine.match import matcher  # noqa: PLC0415
    from assistant.engine.names import understand  # noqa: PLC0415
    from customers.services import customers  # noqa: PLC0415
    from portal.core import clock  # noqa: PLC0415
    from portal.core.models import Membership  # noqa: PLC0415

    chance = random.Random(SEED)
    known = names(count, chance)
    scope, as_of = Membership.unscoped.get().scope(), clock.now()
    before = peak_megabytes()
    asked = [(name, misspelt(name, chance)) for name in chance.sample(known, QUERIES)]
    customers.match(scope, text="warm up")
    times, hits = [], 0
    for name, text in asked:
        start = time.perf_counter()
        found = customers.match(scope, text=text)
        times.append((time.perf_counter() - start) * 1000)
        hits += any(match.customer.company_name == name for match in found[:5])
    report.at_most("N1", "a misspelt name among all, p95 ms", p95(times), 50, f"p50 {statistics.median(times):.1f}")
    report.at_least("N1", "the right one is among the first five", hits / QUERIES, 0.95)
    sentences = [
        chance.choice(FORMS).format(misspelt(name, chance) if number % 3 == 0 else name)
        for number, name in enumerate(chance.sample(known, QUESTIONS))
    ]
    understand("warm up"), matcher().match("warm up")
    alone = [timed(lambda text=text: matcher().match(understand(text)[1].masked)) for text in sentences]
    report.at_most("A1", "understanding, p95 ms", p95(alone), 20, f"p50 {statistics.median(alone):.1f}")
    whole = [
        timed(partial(services.handle, scope, text=text, as_of=as_of, submission_key=UUID(int=number)))
        for number, text in enumerate(sentences)
    ]
    report.at_most("A2", "understanding and answer, p95 ms", p95(whole), 150, f"p50 {statistics.median(whole):.1f}")
    report.at_most("A3", "growth of the process, MB", peak_megabytes() - before, 150)


if __name__ == "__main__":
    sys.exit(main())

"""Every state that a subscription can be in, as a list to read. The loader deals them out to the sample customers."""

from __future__ import annotations

from customers.rules.vocabulary import SubscriptionStatus as Status
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.subscriptions import Deal

# Every term and billing cycle, in the middle of the term, with licenses assigned as usual.
RUNNING: tuple[Deal, ...] = (
    Deal(item=catalog.PREMIUM, term="P1M", cycle="monthly", quantity=14, starts=-12, bought=-380, assigned=12),
    Deal(item=catalog.PREMIUM, term="P1Y", cycle="monthly", quantity=45, starts=-140, assigned=41),
    Deal(item=catalog.PREMIUM, term="P1Y", cycle="annual", quantity=60, starts=-75, assigned=52),
    Deal(item=catalog.PREMIUM, term="P3Y", cycle="monthly", quantity=22, starts=-400, assigned=20),
    Deal(item=catalog.PREMIUM, term="P3Y", cycle="annual", quantity=35, starts=-300, assigned=35),
    Deal(item=catalog.PREMIUM, term="P3Y", cycle="triennial", quantity=18, starts=-250, assigned=15),
    Deal(item=catalog.SQL_SERVER, term="P1Y", cycle="one_time", quantity=4, starts=-60),
    Deal(item=catalog.SQL_SERVER, term="P3Y", cycle="one_time", quantity=2, starts=-200),
    Deal(item=catalog.STANDARD, quantity=30, starts=-180, assigned=29),
    Deal(item=catalog.STANDARD, cycle="annual", quantity=12, starts=-220, name="Warehouse"),
    Deal(item=catalog.BASIC, quantity=85, starts=-33, assigned=70),
    Deal(item=catalog.BASIC, term="P1M", quantity=9, starts=-20, name="Summer staff", assigned=3),
    Deal(item=catalog.APPS, quantity=15, starts=-160, assigned=15),
    Deal(item=catalog.E3, cycle="annual", quantity=250, starts=-130, assigned=231),
    Deal(item=catalog.E5, cycle="annual", quantity=120, starts=-90, promotion=promotions.E5_LARGE, assigned=118),
    Deal(item=catalog.F3, quantity=400, starts=-210, assigned=388),
    Deal(item=catalog.EXCHANGE_1, quantity=20, starts=-50, name="Shared mailboxes"),
    Deal(item=catalog.EXCHANGE_2, cycle="annual", quantity=8, starts=-275, assigned=8),
    Deal(item=catalog.TEAMS_PREMIUM, cycle="annual", quantity=25, starts=-45, promotion=promotions.TEAMS_LAUNCH),
    Deal(item=catalog.POWER_BI, quantity=10, starts=-110, assigned=6),
    Deal(item=catalog.VISIO_1, term="P3Y", cycle="annual", quantity=5, starts=-500),
    Deal(item=catalog.VISIO_2, quantity=3, starts=-15, promotion=promotions.VISIO_ENDING, assigned=2),
    Deal(item=catalog.DEFENDER, cycle="annual", quantity=60, starts=-70, promotion=promotions.DEFENDER_FIRST),
    Deal(item=catalog.ENTRA, cycle="annual", quantity=40, starts=-190, promotion=promotions.ENTRA_PAST),
    Deal(item=catalog.COPILOT, cycle="annual", quantity=20, starts=-65, promotion=promotions.COPILOT_LAUNCH),
    Deal(item=catalog.PREMIUM_BUNDLE, cycle="annual", quantity=25, starts=-40, promotion=promotions.BUNDLE_PREMIUM),
    Deal(item=catalog.STANDARD_BUNDLE, quantity=16, starts=-28, promotion=promotions.BUNDLE_STANDARD, assigned=16),
    Deal(item=catalog.PROJECT, quantity=6, starts=-240, name="Planning"),
)
# More licenses assigned than owned.
OVER_ASSIGNED: tuple[Deal, ...] = (
    Deal(item=catalog.STANDARD, quantity=60, starts=-150, assigned=61),
    Deal(item=catalog.E3, quantity=40, starts=-95, assigned=47),
)
# Inside and just outside the seven days in which licenses may go.
WINDOWS: tuple[Deal, ...] = (
    Deal(item=catalog.PREMIUM, quantity=25, starts=-2, name="HQ seats"),
    Deal(item=catalog.STANDARD, cycle="annual", quantity=18, starts=-6),
    Deal(item=catalog.POWER_BI, quantity=12, starts=-5, added=(3, 4)),
    Deal(item=catalog.BASIC, quantity=40, starts=-3, bought=-368, name="Night shift"),
    Deal(item=catalog.PREMIUM, quantity=55, starts=-200, added=(2, 5), assigned=54),
    Deal(item=catalog.APPS, quantity=9, starts=-8, name="Design team"),
    Deal(item=catalog.SQL_SERVER, cycle="one_time", quantity=2, starts=-4),
    Deal(item=catalog.EXCHANGE_1, quantity=11, starts=-5, details_read=False),
    Deal(item=catalog.TEAMS_PREMIUM, term="P1M", quantity=7, starts=-1),
)
# What happens at the end of the term, near and far.
RENEWING: tuple[Deal, ...] = tuple(
    Deal(item=item, quantity=quantity, ends_in=days, bought=-800, assigned=quantity - 2, cycle=cycle)
    for item, quantity, days, cycle in (
        (catalog.PREMIUM, 24, 6, "monthly"), (catalog.STANDARD, 32, 14, "annual"), (catalog.BASIC, 50, 21, "monthly"),
        (catalog.PREMIUM, 12, 28, "annual"), (catalog.STANDARD, 75, 44, "monthly"), (catalog.E3, 110, 52, "annual"),
        (catalog.PREMIUM, 40, 58, "monthly"), (catalog.POWER_BI, 9, 71, "annual"), (catalog.BASIC, 28, 88, "annual"),
    )
)  # fmt: skip
SCHEDULED: tuple[Deal, ...] = (
    Deal(item=catalog.STANDARD, quantity=30, ends_in=40, at_end="fewer", name="Call center"),
    Deal(item=catalog.PREMIUM, quantity=20, ends_in=66, at_end="longer", name="Management"),
    Deal(item=catalog.BASIC, quantity=15, ends_in=35, at_end="new_term"),
    Deal(item=catalog.BASIC, quantity=26, ends_in=80, at_end="transition", name="Field staff"),
    Deal(item=catalog.E3, term="P3Y", cycle="monthly", quantity=90, starts=-330, at_end="new_term"),
)
EXTENDED: tuple[Deal, ...] = (
    Deal(item=catalog.PREMIUM, quantity=18, ends_in=5, at_end="est", name="Branch office"),
    Deal(item=catalog.STANDARD, cycle="annual", quantity=44, ends_in=36, at_end="est"),
    Deal(item=catalog.ENTRA, quantity=25, ends_in=62, at_end="est"),
    Deal(item=catalog.BASIC, term="P1M", quantity=8, starts=-9, bought=-70, at_end="est"),
    Deal(item=catalog.PREMIUM, quantity=30, ends_in=5, at_end="off", name="Contractors"),
    Deal(item=catalog.STANDARD, quantity=21, ends_in=25, at_end="off"),
    Deal(item=catalog.E3, cycle="annual", quantity=60, ends_in=47, at_end="off"),
    Deal(item=catalog.ENTRA, cycle="annual", quantity=14, ends_in=33, at_end="off", name="Identity"),
    Deal(item=catalog.APPS, quantity=10, ends_in=120, at_end="off"),
    Deal(item=catalog.VISIO_2, quantity=2, ends_in=75, at_end="off"),
    Deal(item=catalog.BASIC, term="P1M", quantity=12, starts=-11, bought=-410, extended=True),
    Deal(item=catalog.ENTRA, term="P1M", quantity=5, starts=-6, bought=-372, extended=True, at_end="off"),
)
CANCELING: tuple[Deal, ...] = (
    Deal(item=catalog.BASIC, quantity=17, ends_in=9, at_end="cancel"),
    Deal(item=catalog.STANDARD, cycle="annual", quantity=6, ends_in=55, at_end="cancel", name="Moving away"),
    Deal(item=catalog.VISIO_1, term="P1M", quantity=4, starts=-14, at_end="cancel"),
)
# Auto-renew is off and the extended term does not take them: they simply end.
LAPSING: tuple[Deal, ...] = (
    Deal(item=catalog.SQL_SERVER, cycle="one_time", quantity=2, ends_in=7, at_end="off"),
    Deal(item=catalog.PREMIUM_TRIAL, term="P1M", cycle="none", quantity=25, starts=-21, at_end="off"),
    Deal(item=catalog.E3, quantity=30, ends_in=30, bought=-700, at_end="off", legacy=True),
    Deal(item=catalog.PREMIUM, term="P3Y", cycle="annual", quantity=12, ends_in=60, at_end="off"),
)
TRIALS: tuple[Deal, ...] = (
    Deal(item=catalog.PREMIUM_TRIAL, term="P1M", cycle="none", quantity=25, starts=-8, assigned=4),
    Deal(item=catalog.PREMIUM_TRIAL, term="P1M", cycle="none", quantity=10, starts=-26, at_end="cancel"),
)
LEGACY: tuple[Deal, ...] = (
    Deal(item=catalog.STANDARD, quantity=19, ends_in=83, bought=-1200, legacy=True, assigned=19),
    Deal(item=catalog.E3, cycle="annual", quantity=70, ends_in=130, bought=-900, legacy=True),
    Deal(item=catalog.EXCHANGE_1, quantity=6, starts=-20, legacy=True),
    Deal(item=catalog.POWER_BI, quantity=4, ends_in=18, legacy=True, status=Status.SUSPENDED, at_end="off"),
)
NO_END: tuple[Deal, ...] = (
    Deal(item=catalog.AZURE, term="", quantity=1, starts=-300),
    Deal(item=catalog.AZURE, term="", quantity=1, starts=-90, name="Azure plan, test"),
)
STATUSES: tuple[Deal, ...] = (
    Deal(item=catalog.STANDARD, quantity=13, starts=-170, status=Status.SUSPENDED, at_end="off",
         suspended_because="Customer"),
    Deal(item=catalog.BASIC, quantity=33, starts=-230, status=Status.SUSPENDED, at_end="off",
         suspended_because="Fraud", attention=True),
    Deal(item=catalog.BASIC, quantity=5, ends_in=-12, status=Status.EXPIRED, at_end="off"),
    Deal(item=catalog.PREMIUM, quantity=8, ends_in=-25, status=Status.EXPIRED, at_end="off"),
    Deal(item=catalog.STANDARD, quantity=11, ends_in=-50, status=Status.DISABLED, at_end="off"),
    Deal(item=catalog.APPS, quantity=7, starts=-90, status=Status.DELETED, at_end="off", name="Pilot group"),
    Deal(item=catalog.DEFENDER, quantity=15, starts=-260, status=Status.DELETED, at_end="off"),
    Deal(item=catalog.PREMIUM_TRIAL, term="P1M", cycle="none", quantity=25, ends_in=-40, status=Status.DELETED,
         at_end="off"),
    Deal(item=catalog.POWER_BI, quantity=20, starts=-1, status=Status.PENDING),
    Deal(item=catalog.VISIO_1, quantity=2, starts=-1, status=Status.NONE, name="Drawing office"),
)  # fmt: skip
ODDITIES: tuple[Deal, ...] = (
    Deal(item=catalog.STANDARD, quantity=27, starts=-30, migrated=True, name="Head office"),
    Deal(item=catalog.PREMIUM, quantity=9, starts=-80, ends_in=100, coterm=True, name="Project office"),
    Deal(item=catalog.E3, quantity=50, starts=-150, product_key=True),
    Deal(item=catalog.EXCHANGE_2, quantity=4, starts=-105, attention=True),
    Deal(item=catalog.PREMIUM, quantity=310, starts=-170, name="Whole company"),
)

GROUPS: dict[str, tuple[Deal, ...]] = {
    "running": RUNNING, "over-assigned": OVER_ASSIGNED, "window": WINDOWS, "renewing": RENEWING,
    "scheduled": SCHEDULED, "extended": EXTENDED, "canceling": CANCELING, "lapsing": LAPSING, "trial": TRIALS,
    "legacy": LEGACY, "no end": NO_END, "status": STATUSES, "odd": ODDITIES,
}  # fmt: skip
EVERY: tuple[Deal, ...] = tuple(deal for group in GROUPS.values() for deal in group)
EDUCATION: tuple[Deal, ...] = (
    Deal(item=catalog.FACULTY, cycle="annual", quantity=1500, starts=-120, assigned=1210),
    Deal(item=catalog.FACULTY, quantity=200, ends_in=56, name="Guest lecturers", assigned=143),
    Deal(item=catalog.FACULTY, quantity=80, ends_in=24, at_end="off", name="Summer school"),
)
CHARITY: tuple[Deal, ...] = (
    Deal(item=catalog.BASIC, quantity=150, starts=-200, assigned=148),
    Deal(item=catalog.PREMIUM, cycle="annual", quantity=10, ends_in=42, assigned=10),
    Deal(item=catalog.STANDARD, quantity=30, ends_in=77, at_end="off"),
)

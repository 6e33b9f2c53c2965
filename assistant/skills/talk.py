"""Answers that look nothing up: what a word means, what can be asked, what cannot."""

from __future__ import annotations

import re

from assistant.skill import NEEDS_INPUT, REFUSED, Answer, Link, Source

# What a word means: (what it is called in a question, the answer). The first that is named answers.
MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        r"duplicat",
        "A duplicate is a subscription that an upgrade left behind and that is still billed.",
        "To cancel or reduce one: the upgrade was at most six months ago, through the upgrade workflow, on the list of "
        "upgrade paths; the upgraded subscription is active and includes the duplicate's products; and the duplicate "
        "has no more licenses and no longer billing term. You need the customer and both subscriptions.",
    ),
    (
        r"how often.*report|report.*how often",
        "Each report can be made once in 24 hours for your partner account.",
        "Asking again returns the current file. Files stay for 30 days under Downloads.",
    ),
    (
        r"\best\b|extended (?:service )?term",
        "Extended service term (EST) keeps a subscription running month by month after its term ends.",
        "It costs 3 % more, or 23 % more when the product has no monthly plan. The EST report lists every subscription "
        "that is set to go there, also when auto-renew was only switched off.",
    ),
    (
        r"targeted",
        "Targeted offers are promotions that Microsoft assigned to particular customers.",
        "They apply to these customers only and may change over time.",
    ),
    (
        r"partners? of record|\bpla\b",
        "The partner of record is the indirect reseller named on a subscription.",
        "It is valid when the ID is a partner location account (PLA), is linked to an active indirect reseller, and the "
        "reseller's region matches the distributor's.",
    ),
    (
        r"migrat|legacy|new commerce|\bnce\b",
        "Migration moves a legacy subscription to new commerce; Microsoft-led migration does it by itself.",
        "Moving up to another product is an upgrade, which Partner Center calls a transition.",
    ),
    (
        r"transition|upgrad",
        "A transition is an upgrade from one product to a higher one.",
        "The possible targets come from Microsoft's list of upgrade paths.",
    ),
    (
        r"promo|discount",
        "A promotion is a discount by Microsoft for certain products, terms and billing plans.",
        "It applies when the market, the customer's segment, the term, the billing plan, the licenses and the "
        "purchases so far meet its conditions. Of several, the largest discount applies.",
    ),
    (
        r"<term>|<cycle>|annual|monthly|upfront|billed|term\b|billing",
        "The term is how long the subscription is agreed for, the billing plan is how often it is charged.",
        "“Annual, billed monthly” is a term of 1 year that is charged each month. “Upfront” is charged once a year.",
    ),
    (
        r"cancel|refund",
        "A subscription can be canceled within its cancellation window, the first days of the term.",
        "Within it the refund is prorated by day. Afterwards it runs to the end of the term.",
    ),
    (r"report|file|download", "Reports are made in the background and appear under Downloads.", "The one that can be made here now: extended service term (EST)."),
    (
        r"price|pricing|cost",
        "Ask for a price with the product and the customer.",
        "For example: What is the current price for Microsoft 365 Business Premium for customer Fabrikam? Add term, "
        "billing plan and licenses to get the exact amount. The price list decides.",
    ),
)  # fmt: skip
GREETINGS = (
    (r"thank|thx|cheers|\bty\b|great|perfect|nice|good job|helpful", "You are welcome."),
    (r"bye|see you", "Goodbye. The conversation stays under Earlier conversations."),
    (
        r"who are you|what are you|your name|human|robot|\bbot\b|\bai\b",
        "This is the portal's assistant: a program that looks things up in your partner's data.",
    ),
    (r"how are you", "All is well here."),
)
# Actions that a page does and the panel does not.
ELSEWHERE: tuple[tuple[str, str, str, str], ...] = (
    (r"auto-? ?renew", "Auto-renew is switched on the subscription's page.", "Subscriptions", "customers:subscriptions"),
    (
        r"partner of record|reseller of record",
        "The partner of record is changed on the subscription's page.",
        "Subscriptions",
        "customers:subscriptions",
    ),
    (r"^(?:\S+ ){0,4}?upgrad|transition", "An upgrade is started on the subscription's page.", "Subscriptions",
     "customers:subscriptions"),
    (
        r"\b(?:buy|order|purchase|add|place|increase|seats|licenses)\b.*(?:<quantity>|<product>|seats|licenses|order)",
        "Buying goes through the customer's cart.",
        "Carts",
        "customers:carts",
    ),
    (r"customer|tenant", "Customers are managed on the Customers page.", "Customers", "customers:customers"),
    (r"password|user|admin", "Accounts are managed by an admin agent of your company.", "Profile", "profile"),
    (r"invoice|reconcil|billing", "Invoices are not part of the panel.", "Downloads", "downloads:list"),
)  # fmt: skip


def explain(sentence: str, *, can_do: list[dict[str, str]]) -> Answer:
    """`help`: the word that was asked about, else what can be asked here."""
    low = sentence.casefold()
    for pattern, lead, body in MEANINGS:
        if re.search(pattern, low):
            return Answer(
                lead=lead,
                body=body,
                sources=(Source(title="Partner Center documentation", detail="checked 23 Nov 2026"),),
            )
    examples = [item["prompt"] for item in can_do]
    return Answer(
        lead="Ask about prices, promotions, subscriptions and reports of your customers.",
        body="Name the customer, the product or the cart line, and it is looked up with the rule behind the answer.",
        cards=({"kind": "examples", "rows": examples, "plain": [f"For example: {text}" for text in examples]},),
    )


def chat(sentence: str) -> Answer:
    low = sentence.casefold()
    lead = next((reply for pattern, reply in GREETINGS if re.search(pattern, low)), "Hello.")
    return Answer(lead=lead, body="Name a customer, a product or a cart line to look something up.")


def refuse(sentence: str, *, nearest: list[dict[str, str]]) -> Answer:
    """`out_of_scope`: says so, links the page that does it, and names the nearest things that can be done."""
    low = sentence.casefold()
    for pattern, reason, label, page in ELSEWHERE:
        if re.search(pattern, low):
            return _refusal("The assistant does not do this.", reason, nearest, (Link(label=label, to=page),))
    return _refusal("The assistant cannot help with this.", "", nearest, ())


def not_wired(*, title: str, page: str, nearest: list[dict[str, str]]) -> Answer:
    """Understood, and not available here yet."""
    where = (Link(label=_label(page), to=page),) if page else ()
    reason = f"The {_label(page)} page shows what is known." if page else ""
    return _refusal(f"Not available here yet: to {title}.", reason, nearest, where)


def ask_which(*, options: list[dict[str, str]]) -> Answer:
    """`clarify`: which of two was meant."""
    return Answer(
        lead="Did you mean one of these?",
        body="Nothing was changed or started.",
        status=NEEDS_INPUT,
        choices=tuple(
            {"label": option["title"][:1].upper() + option["title"][1:], "say": option["title"]} for option in options
        ),
    )


def _refusal(lead: str, reason: str, nearest: list[dict[str, str]], links: tuple[Link, ...]) -> Answer:
    can = ", ".join(item["title"] for item in nearest[:3])
    return Answer(
        lead=lead,
        body=f"{reason} It can {can}.".strip() if can else reason,
        status=REFUSED,
        chips=tuple(item["prompt"] for item in nearest[:2] if "[" not in item["prompt"]),
        links=links,
    )


def _label(page: str) -> str:
    return {"downloads:list": "Downloads", "customers:carts": "Carts"}.get(page, "Subscriptions")

"""The few tags and filters that the templates share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.core.decision import Decision, Rule
from portal.core.filters import Pill
from portal.core.money import Money

register = template.Library()

CURRENT = SafeString(' aria-current="page"')

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TERM_WORDS = {"P1M": "1 month", "P1Y": "1 year", "P3Y": "3 years"}
CYCLE_WORDS = {
    "monthly": "billed monthly",
    "annual": "billed yearly",
    "biennial": "billed every 2 years",
    "triennial": "billed every 3 years",
    "one_time": "billed once",
    "none": "not billed",
}
TONES = {
    "ok": ("ok", "checkmark_circle-20f", "status"),
    "success": ("ok", "checkmark_circle-20f", "status"),
    "info": ("info", "info-20f", "status"),
    "debug": ("info", "info-20f", "status"),
    "ai": ("ai", "sparkle-20f", "status"),
    "warn": ("warn", "warning-20f", "alert"),
    "warning": ("warn", "warning-20f", "alert"),
    "bad": ("bad", "error_circle-20f", "alert"),
    "error": ("bad", "error_circle-20f", "alert"),
}
SOON_DAYS = 7


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A decorative icon of the sprite, for example `search-20`. The size is part of the name."""
    return _icon(name, extra)


# A page shows some forty icons, and finding the address of the sprite is most of the work.
@lru_cache(maxsize=512)
def _icon(name: str, extra: str) -> SafeString:
    size = " i16" if "-16" in name else " i12" if "-12" in name else ""
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        size,
        f" {extra}" if extra else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def bar_tone(tone: str) -> dict[str, str]:
    """Tone, icon and role of a message bar."""
    name, picture, role = TONES.get(tone or "info", TONES["info"])
    return {"tone": name, "icon": picture, "role": role}


# Values ---------------------------------------------------------------------------------------------


@register.filter
def money(amount: Money | Decimal | None, currency: str = "") -> str:
    """`$1,320.00`. A Money brings its currency; a Decimal needs one: `{{ price|money:"USD" }}`. No amount is a dash."""
    if amount is None or amount == "":
        return "–"
    if not isinstance(amount, Money) and not currency:
        raise ValueError("an amount without its currency")
    return str(amount if isinstance(amount, Money) else Money(Decimal(amount), currency))


@register.filter
def thousands(number: int | None) -> str:
    """`1,934`."""
    return "–" if number is None or number == "" else f"{number:,}"


@register.filter
def term_words(term: str) -> str:
    """`P1Y` as `1 year`."""
    return TERM_WORDS.get(term, term)


@register.filter
def cycle_words(cycle: str) -> str:
    """`annual` as `billed yearly`."""
    return CYCLE_WORDS.get(cycle, cycle)


def day_text(value: date) -> str:
    """`14 Oct 2026`; a moment is taken in UTC."""
    when = value.astimezone(UTC) if isinstance(value, datetime) else value
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


@register.simple_tag
def day(value: date | None) -> str:
    """`14 Oct 2026` in a `<time>`."""
    if value is None or value == "":
        return "–"
    iso = (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()
    return format_html('<time datetime="{}">{}</time>', iso, day_text(value))


@register.simple_tag
def moment(value: datetime | None) -> str:
    """`14 Oct 2026, 14:06` in a `<time>`, in UTC."""
    if value is None or value == "":
        return "–"
    utc = value.astimezone(UTC)
    text = f"{day_text(utc)}, {utc:%H:%M}"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', utc.isoformat(), text, text)


@register.simple_tag
def in_days(value: datetime | None, as_of: datetime) -> str:
    """`in 6 d`, bold and warm up to seven days before; `3 d ago` afterwards. Whole days in UTC."""
    if value is None:
        return ""
    days = (value.astimezone(UTC).date() - as_of.astimezone(UTC).date()).days
    text = f"in {days} d" if days > 0 else "today" if days == 0 else f"{-days} d ago"
    return format_html('<span class="small {}">{}</span>', "soon" if 0 <= days <= SOON_DAYS else "muted", text)


@register.simple_tag
def meter(used: int, total: int, width: int = 64) -> SafeString:
    """The license bar: blue for what is used, red with an end stop when more are assigned than bought."""
    over = used > total
    filled = width if over else round(width * used / total, 1) if total else 0
    stop = format_html('<rect class="dbad" x="{}" y="-2" width="2" height="10"/>', width - 2) if over else ""
    return format_html(
        '<svg class="meter" viewBox="0 0 {0} 6" role="img" aria-label="{1} of {2} licenses assigned">'
        '<rect class="t" width="{0}" height="6" rx="2"/><rect class="{3}" width="{4}" height="6" rx="2"/>{5}</svg>',
        width,
        f"{used:,}",
        f"{total:,}",
        "dbad" if over else "d1",
        filled,
        stop,
    )


@register.inclusion_tag("ui/id.html")
def copyable(value: Any, label: str = "ID") -> dict[str, Any]:
    """An ID in mono with a button that copies it: `{% copyable customer.tenant_id "tenant ID" %}`."""
    return {"value": value, "label": label}


@register.simple_tag
def sources_of(decision: Decision) -> list[Rule]:
    """The rules behind a decision, each once, in the order of the checks."""
    rules = [decision.rule, *(check.rule for check in decision.checks)]
    return list(dict.fromkeys(rule for rule in rules if rule is not None))


# Links and controls ---------------------------------------------------------------------------------


@register.simple_tag
def control(field: BoundField, **attributes: Any) -> SafeString:
    """The widget of a form field with the portal's class and the given attributes (those that are set)."""
    widget = field.field.widget
    css = "check" if isinstance(widget, CheckboxInput) else "" if isinstance(widget, RadioSelect) else "in"
    attrs = {name: value for name, value in attributes.items() if value}
    return field.as_widget(attrs={"class": f"{css} {widget.attrs.get('class', '')}".strip(), **attrs})


def _link(context: template.Context, key: str, view: str) -> dict[str, Any]:
    return {"url": _address(view, get_urlconf(), get_script_prefix()), "current": context.get("section") == key}


# A dozen links of the shell stand on every page.
@lru_cache(maxsize=64)
def _address(view: str, _urlconf: str | None, _prefix: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


@register.simple_tag
def filter_pill(pill: Pill) -> SafeString:
    """One filter of a list. Drawn once for each set of values: most lists are opened with the same few."""
    return _filter_pill(pill)


@lru_cache(maxsize=1024)
def _filter_pill(pill: Pill) -> SafeString:
    return render_to_string("ui/pill.html", {"pill": pill})


@register.simple_tag
def page_address(view: str) -> str:
    """The address of a page without arguments, as `{% url %}` gives it, but looked up once; empty without such a page."""
    return _address(view, get_urlconf(), get_script_prefix())


@register.simple_tag(takes_context=True)
def nav_link(
    context: template.Context, key: str, picture: str, label: str, view: str, count: int | None = None, new: int = 0
) -> SafeString:
    """One entry of the side navigation; nothing when the page does not exist."""
    link = _link(context, key, view)
    # Plain numbers: a lazy one cannot be remembered.
    return _nav_link(link["url"], link["current"], key, picture, label, count, new + 0 if new else 0)


ONLY_OUTLINED = ("home", "calendar_clock", "lightbulb")


@register.simple_tag(takes_context=True)
def tab_link(context: template.Context, key: str, picture: str, label: str, view: str, new: int = 0) -> SafeString:
    """One entry of the tab bar on phones; nothing when the page does not exist."""
    link = _link(context, key, view)
    return _tab_link(link["url"], link["current"], picture, label, new + 0 if new else 0)


def nav_icon(picture: str, *, current: bool) -> SafeString:
    """Filled on the page itself, where the sprite has it filled."""
    return icon(f"{picture}-20f" if current and picture not in ONLY_OUTLINED else f"{picture}-20")


# The shell stands on every page and is the same for most of them: drawn once for each set of values.
@lru_cache(maxsize=1024)
def _nav_link(url: str, current: bool, key: str, picture: str, label: str, count: int | None, new: int) -> SafeString:
    if not url:
        return SafeString("")
    tail = SafeString("")
    if new:
        tail = format_html('<span class="count count--on">{} new</span>', new)
    elif count:
        tail = format_html('<span class="count">{}</span>', thousands(count))
    return format_html(
        '<li><a class="nav" data-nav="{}" href="{}"{}>{}<span>{}</span>{}</a></li>',
        key,
        url,
        CURRENT if current else "",
        nav_icon(picture, current=current),
        label,
        tail,
    )


@lru_cache(maxsize=256)
def _tab_link(url: str, current: bool, picture: str, label: str, new: int) -> SafeString:
    if not url:
        return SafeString("")
    pip = format_html('<span class="pip">{}<span class="vh"> new</span></span>', new) if new else ""
    return format_html(
        '<a href="{}"{}>{}{}{}</a>',
        url,
        CURRENT if current else "",
        nav_icon(picture, current=current),
        pip,
        label,
    )


@register.simple_tag(takes_context=True)
def menu_link(context: template.Context, picture: str, label: str, view: str) -> str:
    """One entry of the phone's menu."""
    url = _link(context, "", view)["url"]
    return format_html('<a href="{}">{}{}</a>', url, icon(picture), label) if url else ""

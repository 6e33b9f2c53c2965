"""The shared tags and pieces: values as people read them, and controls that say what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string

from portal.core.decision import Check, Decision, Rule
from portal.core.money import Money
from portal.core.templatetags import portal_ui as ui

AS_OF = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_money_brings_or_needs_its_currency() -> None:
    assert ui.money(Money(Decimal("1320"), "USD")) == "$1,320.00"
    assert ui.money(Decimal("0.125"), "EUR") == "€0.13"
    assert ui.money(Decimal(0), "USD") == "$0.00", "free is not unknown"
    assert ui.money(None) == "–"
    with pytest.raises(ValueError, match="currency"):
        ui.money(Decimal(1))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 10, 14), "14 Oct 2026"),
        (datetime(2026, 10, 14, 23, 59, tzinfo=UTC), "14 Oct 2026"),
        (datetime(2026, 10, 14, 23, 59, tzinfo=timezone(timedelta(hours=-5))), "15 Oct 2026"),
    ],
)
def test_a_day_is_a_day_in_utc(value: date, text: str) -> None:
    assert f">{text}</time>" in ui.day(value)


def test_a_moment_names_its_minute() -> None:
    shown = ui.moment(datetime(2026, 10, 14, 14, 6, tzinfo=UTC))
    assert ">14 Oct 2026, 14:06</time>" in shown
    assert 'datetime="2026-10-14T14:06:00+00:00"' in shown
    assert ui.moment(None) == "–"


@pytest.mark.parametrize(
    ("days", "text", "css"),
    [(0, "today", "soon"), (7, "in 7 d", "soon"), (8, "in 8 d", "muted"), (-3, "3 d ago", "muted")],
)
def test_the_distance_turns_warm_a_week_before(days: int, text: str, css: str) -> None:
    assert ui.in_days(AS_OF + timedelta(days=days), AS_OF) == f'<span class="small {css}">{text}</span>'


def test_the_license_bar_fits_and_shows_what_is_too_much() -> None:
    assert 'aria-label="52 of 60 licenses assigned"' in ui.meter(52, 60)
    assert 'class="d1" width="55.5"' in ui.meter(52, 60)
    over = ui.meter(61, 60)
    assert 'class="dbad" width="64"' in over
    assert over.count("dbad") == 2
    assert 'width="0"' in ui.meter(0, 0)


def test_terms_and_cycles_in_words() -> None:
    assert render("{{ 'P1Y'|term_words }}, {{ 'annual'|cycle_words }}") == "1 year, billed yearly"
    assert render("{{ 'P5Y'|term_words }}") == "P5Y", "an unknown one is shown, not hidden"


def test_an_id_is_copied_as_it_is() -> None:
    shown = render("{% copyable value 'tenant ID' %}", value='a"><script>')
    assert "<script>" not in shown
    assert "Copy tenant ID" in shown


class ContactForm(forms.Form):
    email = forms.EmailField(help_text="Where support writes to")
    agree = forms.BooleanField()


def test_a_field_ties_label_hint_and_error_to_its_control() -> None:
    form = ContactForm({"email": "nonsense"})
    shown = render('{% include "ui/field.html" with field=form.email autocomplete="email" %}', form=form)
    assert '<label for="id_email">Email</label>' in shown
    assert 'id="id_email_helptext"' in shown
    assert 'id="id_email_error"' in shown
    assert 'aria-describedby="id_email_helptext id_email_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'value="nonsense"' in shown
    assert 'autocomplete="email"' in shown
    summary = render('{% include "ui/errsum.html" %}', form=form)
    assert 'href="#id_email"' in summary
    assert 'href="#id_agree"' in summary
    assert render('{% include "ui/errsum.html" %}', form=ContactForm()).strip() == ""


def test_a_decision_shows_what_failed_first_and_where_it_comes_from_once() -> None:
    rule = Rule(
        code="r", title="Promotion details", source="https://learn.example/promotions", section="§5", checked_on=date(2026, 11, 23)
    )  # fmt: skip
    decision = Decision(
        verdict="No promotion.",
        checks=(
            Check(code="a", passed=True, message="25 licenses are enough", rule=rule),
            Check(code="b", passed=False, message="Needs 1 year <or> longer", rule=rule),
        ),
    )
    shown = render_to_string("ui/decision.html", {"decision": decision})
    assert shown.index("Needs 1 year &lt;or&gt; longer") < shown.index("25 licenses are enough")
    assert shown.count("Not met: ") == 1
    assert shown.count("https://learn.example/promotions") == 1
    assert "checked" in shown
    assert "23 Nov 2026" in shown


@pytest.mark.parametrize(
    ("tone", "css", "role"),
    [("success", "bar--ok", "status"), ("error", "bar--bad", "alert"), ("ai", "bar--ai", "status"), ("odd", "bar--info", "status")],
)  # fmt: skip
def test_a_bar_speaks_up_only_when_something_is_wrong(tone: str, css: str, role: str) -> None:
    shown = render_to_string("ui/bar.html", {"tone": tone, "text": "It is <done>", "more": "Go on."})
    assert f'class="bar {css}" role="{role}"' in shown
    assert "<b>It is &lt;done&gt;</b> Go on." in shown

"""Forms for the files that staff import."""

from __future__ import annotations

from django import forms

from customers.services import price_list_import, promotion_import


class PriceListForm(forms.Form):
    file = forms.FileField(
        help_text="CSV, ZIP, GZ or XLSX as Partner Center hands it out. Over 100 MB, use the command import_price_list."
    )
    view = forms.ChoiceField(label="Price list", choices=[(view, view) for view in price_list_import.VIEWS])
    segment = forms.ChoiceField(
        choices=[(segment, segment) for segment in price_list_import.SEGMENTS], help_text="For rows that name none."
    )
    dry_run = forms.BooleanField(label="Dry run", required=False, help_text="Read and compare; store nothing.")
    skip_bad = forms.BooleanField(
        label="Skip bad rows", required=False, help_text="Otherwise one bad row refuses the whole file."
    )


class PromotionsForm(forms.Form):
    file = forms.FileField(help_text="JSON: the answer of Partner Center's promotions call, or its list of items.")
    country = forms.RegexField(
        r"^[A-Za-z]{2}$", label="Market", initial="US", help_text="The promotions were asked for."
    )
    segment = forms.ChoiceField(
        choices=[(segment, segment) for segment in promotion_import.SEGMENTS], help_text="They were asked for."
    )
    dry_run = forms.BooleanField(label="Dry run", required=False, help_text="Read and compare; store nothing.")
    skip_bad = forms.BooleanField(
        label="Skip bad promotions", required=False, help_text="Otherwise one bad promotion refuses the whole file."
    )

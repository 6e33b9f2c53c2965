"""A new request, and a note: what a person types on the pages of Help + support."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from customers.models import Ticket
from customers.rules.contact import LONGEST_EMAIL, LONGEST_PHONE
from customers.services.tickets import LONGEST_TEXT, LONGEST_TITLE

# The first part of a page's path, and what a request from there is about.
WORKSPACES = {
    "customers": Ticket.Workspace.CUSTOMERS,
    "subscriptions": Ticket.Workspace.SUBSCRIPTIONS,
    "carts": Ticket.Workspace.CATALOG,
    "orders": Ticket.Workspace.CATALOG,
    "billing": Ticket.Workspace.BILLING,
    "downloads": Ticket.Workspace.DOWNLOADS,
    "assistant": Ticket.Workspace.ASSISTANT,
    "profile": Ticket.Workspace.ACCOUNT,
}
# The checks of the contact, and the fields that they speak of.
FIELD_OF = {"email": "contact_email", "phone": "contact_phone"}


def _required(sentence: str) -> dict[str, str]:
    return {"required": sentence, "invalid_choice": sentence}


class ContactForm(forms.Form):
    contact_email = forms.CharField(
        label="E-mail", max_length=LONGEST_EMAIL, error_messages=_required("Enter an e-mail address.")
    )
    contact_phone = forms.CharField(
        label="Phone",
        max_length=LONGEST_PHONE,
        help_text="With country code, like +1 425 555 0100.",
        error_messages=_required("Enter a phone number."),
    )

    def tell(self, errors: dict[str, str]) -> None:
        for name, sentence in errors.items():
            self.add_error(FIELD_OF.get(name, name), sentence)


class RequestForm(ContactForm):
    """Only the shape is asked here; the service says what is wrong, and `tell` puts it beside the field."""

    title = forms.CharField(
        label="Problem summary", max_length=LONGEST_TITLE, error_messages=_required("Say what it is about.")
    )
    workspace = forms.ChoiceField(
        label="Workspace",
        choices=[("", "Choose"), *Ticket.Workspace.choices],
        error_messages=_required("Choose a workspace."),
    )
    problem_type = forms.ChoiceField(
        label="Problem type",
        choices=[("", "Choose"), *Ticket.ProblemType.choices],
        error_messages=_required("Choose a problem type."),
    )
    details = forms.CharField(
        label="Details",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="What you did, what you expected, what happened. IDs help.",
        error_messages=_required("Describe it."),
    )
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    field_order = ("title", "workspace", "problem_type", "details", "contact_email", "contact_phone", "key")


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Reply",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write a note."},
    )


def first_values(*, section: str, email: str, phone: str) -> dict[str, Any]:
    """What the form begins with: the workspace of the page that it was opened on, and the person's own contact."""
    return {
        "workspace": WORKSPACES.get(section, ""), "contact_email": email, "contact_phone": phone, "key": uuid4().hex,
    }  # fmt: skip

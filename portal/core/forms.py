"""The forms of signing in and of the profile."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm

from portal.core.models import User


class SignInForm(AuthenticationForm):
    username = forms.EmailField(label="Work email", widget=forms.EmailInput(attrs={"autocomplete": "username"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages = dict.fromkeys(("invalid_login", "inactive"), "Email or password is not right")
        self.fields["username"].error_messages = {
            "required": "Enter your work email",
            "invalid": "Enter an email address with an @, like name@firm.com",
        }
        self.fields["password"].error_messages = {"required": "Enter your password"}

    def clean_username(self) -> str:
        """In small letters, so that the count of wrong passwords is one count."""
        return self.cleaned_data["username"].lower()

    def clean(self) -> dict[str, Any]:
        """A wrong pair is told at the password field: that is the one to type again."""
        try:
            return super().clean()
        except forms.ValidationError as wrong:
            self.add_error("password", wrong)
            return self.cleaned_data


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("name", "phone", "theme", "shortcuts", "mail_downloads")
        labels: ClassVar[Any] = {
            "shortcuts": "Single-letter shortcuts",
            "mail_downloads": "E-mail me when a report that I asked for is ready",
        }
        help_texts: ClassVar[Any] = {
            "phone": "With country code, for example +49 30 5550 0142. Fills the contact step of a ticket.",
        }
        widgets: ClassVar[Any] = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
        }


class ChangePasswordForm(PasswordChangeForm):
    """Django's, without taking the focus of a page that has more on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)

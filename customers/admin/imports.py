"""Files that staff hand to an import: one page, whatever is imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from portal.core.scoped_admin import ScopedAdmin


class FileRefused(Exception):
    """The file as a whole cannot be imported. The message is for the person."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of an import, in words."""

    line: str
    errors: Iterable[object]
    is_stored: bool


class Outcome(Protocol):
    """What an import service answers."""

    @property
    def error_count(self) -> int: ...
    @property
    def errors(self) -> Sequence[object]: ...
    @property
    def refused(self) -> bool: ...


def in_words(done: Outcome, *, read: int, counts: Sequence[str], dry_run: bool) -> Told:
    """`read` is how many there were in the file; `counts` names numbers of the outcome."""
    stored = "Nothing was stored." if done.refused else "Dry run: nothing was stored." if dry_run else "Stored."
    numbers = ", ".join(f"{word} {getattr(done, word):,}" for word in counts)
    line = f"{stored} Read {read:,}: {numbers}, bad {done.error_count:,}."
    return Told(line=line, errors=done.errors, is_stored=not (dry_run or done.refused))


class ImportAdmin(ScopedAdmin):
    """Adds an import page to the list of a model. Needs the permission to add its rows."""

    import_form: ClassVar[type[forms.Form]]
    import_title: ClassVar[str]

    def run_import(self, request: HttpRequest, values: dict[str, Any]) -> Told:
        """Hand the cleaned form to the service. Raises FileRefused."""
        raise NotImplementedError

    def _may_import(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.import_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        return [path("import/", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"import_title": self.import_title if self._may_import(request) else ""}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self._may_import(request):
            raise PermissionDenied
        form = self.import_form(request.POST or None, request.FILES or None)
        told = None
        if form.is_valid():
            try:
                told = self.run_import(request, form.cleaned_data)
            except FileRefused as refused:
                form.add_error("file", str(refused))
        context = {
            **self.admin_site.each_context(request),
            "title": self.import_title,
            "form": form,
            "told": told,
            "back_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }
        return TemplateResponse(request, "admin/import.html", context)

"""Filters of a list: read from the address, kept in every link, shown as pills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms


def address(path: str, params: Mapping[str, Any]) -> str:
    """`path` with `params` as its query; empty values are left out."""
    query = urlencode({key: value for key, value in params.items() if value})
    return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Option:
    """One choice of a menu: a link to the list with that filter."""

    label: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Pill:
    """A filter in the tool bar. Set: `chosen` says to what, and `clear_url` removes it. Else a menu of
    `options`, or of what `options_url` brings when there are too many to carry along."""

    name: str
    label: str
    chosen: str = ""
    clear_url: str = ""
    options: tuple[Option, ...] = ()
    options_url: str = ""


@dataclass(frozen=True)
class View:
    """A saved view: a link with preset filters."""

    label: str
    url: str
    current: bool
    count: int | None = None


class FilterForm(forms.Form):
    """Reads filters from a query string. A value that means nothing is told (`problems`) and left out (`params`)."""

    pill_fields: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[tuple[tuple[str, dict[str, str]], ...]] = ()

    @property
    def params(self) -> dict[str, str]:
        """The filters in force, as they stand in the address."""
        return {
            name: str(self.data[name]).strip()
            for name in self.fields
            if name not in self.errors and str(self.data.get(name, "")).strip()
        }

    @property
    def query(self) -> str:
        """The same as the query of an address, always in the same order."""
        return urlencode(self.params)

    @property
    def words(self) -> list[str]:
        """The same as people read it: `Status: Active`."""
        return [f"{self.fields[name].label}: {self._said(name, value)}" for name, value in self.params.items()]

    def _said(self, name: str, value: str) -> str:
        return str(dict(getattr(self.fields[name], "choices", ())).get(value, value))

    @property
    def problems(self) -> list[str]:
        """One sentence for each value that was not understood."""
        return [f"{message} This filter is not applied." for messages in self.errors.values() for message in messages]

    def value(self, name: str) -> Any:
        """The cleaned value; the field's empty value when it was missing or wrong."""
        if name in self.errors:
            return self.fields[name].clean("")
        return self.cleaned_data[name]

    def pills(
        self, path: str, *, keep: Mapping[str, str], names: Mapping[str, str], menus: Mapping[str, str]
    ) -> list[Pill]:
        """The pills of this form's `pill_fields`. `keep` are further parameters of the list (its sort), `names`
        the words for a chosen value that only the rows know, `menus` the addresses of menus that load later."""
        params = {**self.params, **keep}
        return [self._pill(name, path, params, names, menus) for name in self.pill_fields]

    def _pill(
        self, name: str, path: str, params: Mapping[str, str], names: Mapping[str, str], menus: Mapping[str, str]
    ) -> Pill:
        field = self.fields[name]
        label = str(field.label)
        choices = [(str(key), str(words)) for key, words in getattr(field, "choices", ()) if key]
        chosen = params.get(name, "")
        if chosen:
            words = names.get(name) or self._said(name, chosen)
            return Pill(name, label, words, address(path, {**params, name: ""}))
        options = tuple(Option(words, address(path, {**params, name: key})) for key, words in choices)
        menu = address(menus[name], params) if name in menus else ""
        return Pill(name, label, options=options, options_url=menu)

    def views(self, path: str, *, everything: int) -> list[View]:
        """The saved views: all, and the presets of this form."""
        params = self.params
        views = [View("All", path, not params, everything)]
        return views + [View(label, address(path, preset), params == preset) for label, preset in self.presets]

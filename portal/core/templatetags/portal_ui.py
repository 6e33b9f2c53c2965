"""The few tags that the templates share."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A decorative icon of the sprite, for example `search-20`. The size is part of the name."""
    size = " i16" if "-16" in name else " i12" if "-12" in name else ""
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        size, f" {extra}" if extra else "", static("icons.svg"), name,
    )

"""What must be right before production starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security)
def production_is_safe(app_configs: Any, **_kwargs: Any) -> list[Error]:
    """A missing or weak secret, or no host name, stops the start and is named."""
    if not settings.PRODUCTION:
        return []
    found = []
    secret = settings.SECRET_KEY if settings.is_overridden("SECRET_KEY") else ""
    if not secret:
        found.append(Error("SECRET_KEY is not set.", hint="Set it to 50 or more random characters.", id="portal.E001"))
    elif len(secret) < 50 or len(set(secret)) < 12 or secret.startswith(("django-insecure", "only-for-demo")):
        found.append(Error("SECRET_KEY is weak.", hint="Use 50 or more random characters.", id="portal.E002"))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error("ALLOWED_HOSTS is not set.", hint="Set it to the host names, with commas.", id="portal.E003")
        )
    return found

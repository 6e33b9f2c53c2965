"""Write an audit entry, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from portal.core.decision import Decision
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope


def record(
    scope: Scope,
    event: str,
    target: models.Model | None = None,
    *,
    as_of: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    decision: Decision | None = None,
) -> AuditEvent:
    """Record `event` (for example `cart_line.changed`) done to `target` by whoever `scope` is.

    `before` and `after` hold only what changed. `decision` is the rule that allowed or refused it.
    Call it inside the transaction of the change, so that neither exists without the other.
    """
    email = ""
    if scope.user_id is not None:
        email = User.objects.filter(pk=scope.user_id).values_list("email", flat=True).first() or ""
    entry = AuditEvent(
        occurred_at=as_of,
        partner_id=scope.partner_id or getattr(target, "partner_id", None),
        user_id=scope.user_id,
        user_email=email,
        event=event,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        target_name=str(target)[:300] if target is not None else "",
        before=before or {},
        after=after or {},
        decision=[
            {"code": c.code, "passed": c.passed, "message": c.message} for c in (decision.checks if decision else ())
        ],
    )
    entry.save()
    return entry

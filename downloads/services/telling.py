"""Tell the person who asked, by e-mail, that the file is ready. Off unless the person wants it."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from downloads.models import DownloadRequest
from downloads.reports import REPORTS
from portal.core.models import Membership
from portal.core.scope import Scope

OPERATOR = Scope.for_operator()


def tell(*, request_id: int) -> bool:
    """Send the e-mail; answers whether there was one to send. Nothing of the file stands in it."""
    request = (
        DownloadRequest.objects.within(OPERATOR)
        .filter(pk=request_id, status=DownloadRequest.Status.COMPLETED, row_count__gt=0)
        .select_related("requested_by", "partner")
        .first()
    )
    user = request.requested_by if request else None
    if request is None or user is None or not (user.mail_downloads and user.is_active):
        return False
    if not Membership.objects.within(OPERATOR).filter(user=user, partner=request.partner_id).exists():
        return False
    report = REPORTS.get(request.report)
    title = report.title if report else request.report
    # By its address: a service may not know the pages.
    where = f"{settings.PORTAL_URL}{reverse('downloads:list')}" if settings.PORTAL_URL else "Downloads in the portal"
    send_mail(
        f"{title}: ready as {request.number}",
        f"{title} for {request.partner} is ready: {request.row_count:,} rows.\n\nOpen {where} to get it. "
        f"It stays for 30 days.\n\nYou get this because your profile says so; you can switch it off there.\n",
        None,
        [user.email],
    )
    return True

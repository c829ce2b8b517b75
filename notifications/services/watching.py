"""What the house finds by itself and tells staff."""

from __future__ import annotations

from django.utils.timezone import localdate

from marketflow.core import invariants
from notifications.audiences import tell_staff
from notifications.services.delivery import News


def prove_the_books() -> bool:
    """Run the audit. Whether all holds; else staff are told which facts are broken."""
    codes = sorted({found.invariant.code for found in invariants.prove() if found.rows})
    if codes:
        about = f"{localdate().isoformat()}:{','.join(codes)}"[:80]
        news = News(kind="audit_red", about=about, facts={"codes": ", ".join(codes)})
        tell_staff("core.view_auditentry", news)
    return not codes

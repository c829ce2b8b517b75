from __future__ import annotations

from django.db import models
from django.db.models import Q


class SocketTicket(models.Model):
    """Lets one socket in, once and soon, for whoever was signed in when it was handed out.

    Only `services.socket_tickets` writes it. It ends with the session or the family it came from.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="socket_tickets")
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    family = models.ForeignKey("accounts.RefreshFamily", models.CASCADE, null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(session_key="", family__isnull=False)
                | (~Q(session_key="") & Q(family__isnull=True)),
                name="socket_ticket_comes_from_one_sign_in",
            ),
        ]

    def __str__(self) -> str:
        return f"for {self.user_id} until {self.expires_at:%H:%M:%S}"

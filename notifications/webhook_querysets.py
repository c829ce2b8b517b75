from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Shop

DUTY = "webhooks"


class WebhookEndpointQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = DUTY):
        """Those of the user's shops. The marketplace's own belong to staff, in their admin."""
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        return self.managed_by(user)

    def of_the_marketplace(self):
        return self.filter(shop=None)

    def switched_on(self):
        return self.filter(is_enabled=True)

    def dead(self):
        """Switched off because nothing was accepted for days."""
        return self.filter(is_enabled=False, off_reason="failing")

    def free(self):
        """Nobody sends to them at this moment, and they don't rest after failures."""
        # The database's clock: hosts differ, and all of them send.
        return self.switched_on().filter(claimed_until__lte=Now(), rests_until__lte=Now())

    def to_serve(self):
        """Those with something to send, who waited longest first: every endpoint has its turn."""
        from notifications.models import WebhookDelivery

        ready = WebhookDelivery.objects.ready().filter(endpoint=OuterRef("pk"))
        return (
            self.free().filter(Exists(ready)).order_by(F("served_at").asc(nulls_first=True), "pk")
        )


class WebhookDeliveryQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = DUTY):
        return self.filter(endpoint__shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        return self.managed_by(user)

    def waiting(self):
        return self.filter(state="waiting")

    def ready(self):
        """Due, and nothing earlier about the same subject is still to be sent."""
        earlier = self.model.objects.waiting().filter(
            endpoint=OuterRef("endpoint"),
            subject=OuterRef("subject"),
            position__lt=OuterRef("position"),
        )
        return self.waiting().filter(Q(subject="") | ~Exists(earlier), due_at__lte=Now())


class WebhookAttemptQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = DUTY):
        return self.filter(delivery__endpoint__shop__in=Shop.objects.managed_by(user, duty))

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.querysets import RecommendationQuerySet


class Recommendation(models.Model):
    """Bought with `product`: `other`. Analytics counts, the catalogue keeps."""

    product = models.ForeignKey("Product", models.CASCADE, related_name="recommendations")
    other = models.ForeignKey("Product", models.CASCADE, related_name="+")
    # In ten-thousandths; comparable within one product and between several.
    score = models.PositiveIntegerField(_("score"))
    together = models.PositiveIntegerField(_("orders that hold both"))

    objects = RecommendationQuerySet.as_manager()

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        ordering = ["-score", "pk"]
        indexes = [models.Index(fields=["product", "-score"], name="recommended_with")]
        constraints = [
            models.UniqueConstraint(fields=["product", "other"], name="one_score_per_pair"),
            models.CheckConstraint(
                condition=~Q(product=F("other")), name="nothing_recommends_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} with {self.other_id}"

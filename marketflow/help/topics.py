"""The help pages by their address, in the order in which they are listed."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Topic:
    """One page. Its text is the template `help/<slug>.html`."""

    slug: str
    title: Promise
    summary: Promise

    def get_absolute_url(self) -> str:
        return reverse("help", args=[self.slug])


TOPICS = {
    topic.slug: topic
    for topic in (
        Topic("buying", _("How buying works"), _("From the cart to the parcel, in five steps.")),
        Topic(
            "delivery",
            _("Delivery and returns"),
            _("Who sends what, what it costs, and how to send things back."),
        ),
        Topic("fees", _("Fees for sellers"), _("What selling costs, and what is paid out.")),
        Topic("contact", _("Contact"), _("Whom to ask about what.")),
        Topic("privacy", _("Privacy"), _("What is kept about you, why, and for how long.")),
        Topic("terms", _("Terms"), _("Who sells to you, and what you agree to.")),
        Topic(
            "accessibility",
            _("Accessibility"),
            _("What works for everybody, how it is tested, and what is missing."),
        ),
    )
}

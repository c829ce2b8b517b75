"""The back offices' pages about what is told to people and to their programs."""

from notifications.admin import mail, push, webhooks  # noqa: F401

"""Mails to people about their account: a subject, a text and the same in HTML."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

PRINTED = _("This is a demo: mails are not sent, they are printed in the terminal it runs in.")


def send(template: str, *, to: str, context: dict[str, object]) -> None:
    """Send `<template>_subject.txt`, `<template>_message.txt` and `<template>_message.html`."""
    context = context | {"site_url": settings.SITE_URL, "email": to}
    subject = render_to_string(f"{template}_subject.txt", context)
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        render_to_string(f"{template}_message.txt", context).strip() + "\n",
        to=[to],
    )
    mail.attach_alternative(render_to_string(f"{template}_message.html", context), "text/html")
    mail.send()


def look_for(what: str) -> str:
    """`what`, such as "Check your mail.", and in a demo where its mails are."""
    return f"{what} {PRINTED}" if are_printed() else what


def are_printed() -> bool:
    """Whether mails come out on the terminal of the demo instead of in somebody's inbox."""
    return settings.DEMO and settings.EMAIL_BACKEND.endswith("console.EmailBackend")

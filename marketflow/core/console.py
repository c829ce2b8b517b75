"""Mails on the terminal, for who has no mail server: what a person reads of them."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Prints the text alone: its HTML twin is long, and buries the link that is looked for."""

    def write_message(self, message: EmailMessage) -> None:
        text = EmailMessage(
            message.subject,
            message.body,
            message.from_email,
            message.to,
            message.bcc,
            cc=message.cc,
            reply_to=message.reply_to,
            headers=message.extra_headers,
        )
        super().write_message(text)

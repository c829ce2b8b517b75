"""People and what they show, made in the server's own database (`manage.py shell`) as JSON."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from accounts.models import SocketTicket, User
from accounts.services import socket_tickets, tokens
from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from chat.tests.factories import make_message

MANY = 50
LEAVERS = int(os.environ.get("LEAVERS", "20"))


def write(path: str) -> None:
    ana, sam, ben = make_user("ana"), make_user("sam"), make_user("ben banned")
    shop = make_shop("Fern & Co", members=["fern"])
    bowl = make_variant(shop, stock=7)
    pair = tokens.sign_in(ana)
    written = {
        "variant": str(bowl.uuid),
        "conversation": str(make_message(ana, shop).conversation.uuid),
        "foreign_conversation": str(make_message(sam, shop).conversation.uuid),
        "cookie": cookie(ana),
        "signed_out": signed_out(ana),
        "inactive": inactive(ben),
        "foreign_ticket": tickets(sam, 1)[0],
        "good": tickets(ana, MANY),
        "expired": expired(ana),
        "access": pair.access,
        "refresh": pair.refresh,
        "leavers": [leaver(number, ana.password) for number in range(LEAVERS)],
    }
    Path(path).write_text(json.dumps(written))


def cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def signed_out(user: User) -> str:
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.logout()
    return key


def inactive(user: User) -> str:
    key = cookie(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return key


def tickets(user: User, many: int) -> list[str]:
    key = cookie(user)
    texts = [socket_tickets.issue(user=user, session_key=key) for _ in range(many)]
    # The matrix takes its time.
    SocketTicket.objects.update(expires_at=now() + timedelta(hours=1))
    return texts


def expired(user: User) -> str:
    text = socket_tickets.issue(user=user, session_key=cookie(user))
    newest = SocketTicket.objects.order_by("-pk")[:1]
    SocketTicket.objects.filter(pk__in=newest.values("pk")).update(
        expires_at=now() - timedelta(seconds=1)
    )
    return text


def leaver(number: int, password: str) -> dict[str, str]:
    """Somebody to be signed out: by page or by program, by turns. Hashing is slow on purpose."""
    user = User.objects.create(email=f"leaver{number}@example.test", password=password)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    # A sign-out asks for the token of its form.
    client.get("/account/logout/")
    return {
        "cookie": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "csrf": client.cookies["csrftoken"].value,
        "access": tokens.sign_in(user).access,
    }


def write_talks(path: str, many: int) -> None:
    """As many buyers as there are conversations, each with Fern & Co, who says all there is."""
    shop, fern = make_shop("Fern & Co", members=["fern"]), make_user("fern")
    talks = []
    for number in range(many):
        buyer = User.objects.create(email=f"buyer{number}@example.test", password=fern.password)
        talk = str(make_message(buyer, shop).conversation.uuid)
        talks.append({"conversation": talk, "cookie": cookie(buyer)})
    written = {"talks": talks, "access": tokens.sign_in(fern).access}
    Path(path).write_text(json.dumps(written))

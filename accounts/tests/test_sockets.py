from __future__ import annotations

from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, ShopMember, SocketTicket, User
from accounts.services import members, sessions, socket_tickets, tokens
from accounts.sockets import FamilyCredential, ReadCredentials, SessionCredential
from accounts.tests.factories import make_user
from marketflow.core.realtime import NOT_SIGNED_IN, NOT_YOURS, PushConsumer, TurnAway
from marketflow.core.realtime.credentials import that_hold
from marketflow.core.tests.admin_pages import submit

pytestmark = pytest.mark.django_db(transaction=True)
TICKETS = "/api/v1/auth/ws-ticket/"


class Echo(PushConsumer):
    """Says who came in; only who works for a shop may stay."""

    async def admit(self):
        if not self.user.is_authenticated:
            raise TurnAway(NOT_SIGNED_IN)
        await self.send_json({"type": "hello", "email": self.user.email})

    @classmethod
    def allowed(cls, sockets):
        works = set(ShopMember.objects.values_list("user", flat=True))
        return {socket for socket in super().allowed(sockets) if socket.user.pk in works}


@database_sync_to_async
def cookie_of(user):
    browser = Client()
    browser.force_login(user)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


@database_sync_to_async
def ticket_of(user):
    program = APIClient(headers={"Authorization": f"Bearer {tokens.sign_in(user).access}"})
    return program.post(TICKETS).json()["ticket"]


async def knock(cookie="", ticket=None):
    headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())] if cookie else []
    offered = ["marketflow.v1", f"ticket.{ticket}"] if ticket else []
    socket = WebsocketCommunicator(ReadCredentials(Echo.as_asgi()), "/", headers, offered)
    _, protocol = await socket.connect(timeout=10)
    assert protocol == ("marketflow.v1" if ticket else None)
    return socket


async def answer_to(**credentials):
    socket = await knock(**credentials)
    message = await socket.receive_output()
    if message["type"] == "websocket.close":
        return message["code"]
    await socket.disconnect()
    return message["text"]


async def closing_code(socket):
    return (await socket.receive_output(5)).get("code")


async def test_a_session_and_a_ticket_let_their_person_in(buyer):
    hello = f'{{"type":"hello","email":"{buyer.email}"}}'

    assert await answer_to(cookie=await cookie_of(buyer)) == hello
    assert await answer_to(ticket=await ticket_of(buyer)) == hello


async def test_a_ticket_of_a_session_lets_in_too(buyer):
    @database_sync_to_async
    def ask():
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(buyer)
        assert browser.post(TICKETS).status_code == 403
        browser.get(reverse("accounts:security"))
        token = browser.cookies["csrftoken"].value
        return browser.post(TICKETS, {}, "application/json", headers={"X-CSRFToken": token}).json()

    body = await ask()

    assert body["expires_in"] == 30
    assert buyer.email in await answer_to(ticket=body["ticket"])


async def test_nobody_gets_no_ticket(client):
    assert (await database_sync_to_async(client.post)(TICKETS)).status_code == 401


@pytest.mark.parametrize("body", [{}, {"for": "chat"}], ids=str)
async def test_whoever_asks_too_often_waits_whatever_else_is_wrong(buyer, settings, body):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"ws_ticket": "1/60"}

    @database_sync_to_async
    def ask_twice():
        program = APIClient(headers={"Authorization": f"Bearer {tokens.sign_in(buyer).access}"})
        assert program.post(TICKETS).status_code == 200
        return program.post(TICKETS, body)

    answer = await ask_twice()

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert await SocketTicket.objects.acount() == 1


async def test_a_ticket_is_used_once_and_kept_as_a_digest(buyer):
    ticket = await ticket_of(buyer)
    await answer_to(ticket=ticket)

    assert await answer_to(ticket=ticket) == NOT_SIGNED_IN
    assert not await SocketTicket.objects.filter(digest__contains=ticket).aexists()


async def test_a_ticket_is_over_after_thirty_seconds(buyer):
    ticket = await ticket_of(buyer)
    await SocketTicket.objects.aupdate(expires_at=now() - timedelta(seconds=1))

    assert await answer_to(ticket=ticket) == NOT_SIGNED_IN


async def test_what_is_no_ticket_lets_nobody_in(buyer, seller):
    pair = await database_sync_to_async(tokens.sign_in)(buyer)
    cookie, ticket = await cookie_of(buyer), await ticket_of(buyer)
    altered = ("A" if ticket[0] != "A" else "B") + ticket[1:]

    for nonsense in (altered, "x" * 8000, pair.access, pair.refresh, "é", "\x00"):
        assert await answer_to(cookie=cookie, ticket=nonsense) == NOT_SIGNED_IN


async def test_who_is_signed_in_as_somebody_else_can_not_use_it(buyer, seller):
    ticket = await ticket_of(buyer)

    assert await answer_to(cookie=await cookie_of(seller), ticket=ticket) == NOT_SIGNED_IN


async def test_a_ticket_ends_with_the_sign_in_it_came_from(buyer):
    ticket = await ticket_of(buyer)
    family = await RefreshFamily.objects.aget(user=buyer)
    await database_sync_to_async(tokens.revoke)(family)

    assert await answer_to(ticket=ticket) == NOT_SIGNED_IN


async def test_the_cookie_of_who_may_not_sign_in_is_nobodys(buyer):
    cookie = await cookie_of(buyer)
    await User.objects.filter(pk=buyer.pk).aupdate(is_active=False)

    assert await answer_to(cookie=cookie) == NOT_SIGNED_IN
    assert await answer_to(cookie="made-up") == NOT_SIGNED_IN


async def test_a_sign_out_closes_that_browsers_sockets_and_no_others(buyer):
    here, elsewhere = await cookie_of(buyer), await cookie_of(buyer)
    sockets = [await knock(cookie=cookie) for cookie in (here, elsewhere)]
    for socket in sockets:
        await socket.receive_json_from()

    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = here
    await database_sync_to_async(browser.post)(reverse("account_logout"))

    assert await closing_code(sockets[0]) == NOT_SIGNED_IN
    assert await sockets[1].receive_nothing(0.2)
    await sockets[1].disconnect()


async def test_a_programs_sign_out_closes_its_sockets(buyer):
    pair = await database_sync_to_async(tokens.sign_in)(buyer)
    program = APIClient(headers={"Authorization": f"Bearer {pair.access}"})
    ticket = (await database_sync_to_async(program.post)(TICKETS)).json()["ticket"]
    socket = await knock(ticket=ticket)
    await socket.receive_json_from()

    await database_sync_to_async(tokens.sign_out)(pair.refresh)

    assert await closing_code(socket) == NOT_SIGNED_IN


async def test_ending_all_sessions_closes_all_sockets(buyer):
    sockets = [
        await knock(cookie=await cookie_of(buyer)),
        await knock(ticket=await ticket_of(buyer)),
    ]
    for socket in sockets:
        await socket.receive_json_from()

    await database_sync_to_async(sessions.end_all)(buyer)

    assert [await closing_code(socket) for socket in sockets] == [NOT_SIGNED_IN] * 2


async def test_whom_staff_switch_off_is_put_out_everywhere(buyer):
    sockets = [
        await knock(cookie=await cookie_of(buyer)),
        await knock(ticket=await ticket_of(buyer)),
    ]
    for socket in sockets:
        await socket.receive_json_from()

    @database_sync_to_async
    def switch_off():
        staff = Client()
        staff.force_login(make_user("boss", is_staff=True, is_superuser=True))
        page = f"/admin/accounts/user/{buyer.pk}/change/"
        assert submit(staff, page, "user_form", is_active=[]).status_code == 302

    await switch_off()

    assert [await closing_code(socket) for socket in sockets] == [NOT_SIGNED_IN] * 2


async def test_who_is_removed_from_the_shop_is_turned_out(shop, seller):
    await database_sync_to_async(members.add_member)(
        shop=shop, user=await User.objects.acreate(email="gil@example.test"),
        role="owner", by=seller,
    )  # fmt: skip
    socket = await knock(cookie=await cookie_of(seller))
    await socket.receive_json_from()

    seat = await ShopMember.objects.select_related("shop", "user").aget(user=seller)
    await database_sync_to_async(members.remove_member)(member=seat, by=seller)

    assert await closing_code(socket) == NOT_YOURS


async def test_old_tickets_are_forgotten(buyer):
    await ticket_of(buyer)
    await SocketTicket.objects.aupdate(expires_at=now() - timedelta(hours=2))
    await ticket_of(buyer)

    assert await database_sync_to_async(socket_tickets.forget_old)() == 1


@pytest.fixture
def credentials(buyer, seller):
    """Of each, three browsers and three programs, as the sockets of both hold them."""
    held = {}
    for user in (buyer, seller):
        browsers = [Client() for _number in range(3)]
        for browser in browsers:
            browser.force_login(user)
        held[user, "browser"] = [
            SessionCredential(user, browser.session.session_key) for browser in browsers
        ]
        families = [RefreshFamily.objects.create(user=user) for _number in range(3)]
        held[user, "program"] = [FamilyCredential(user, family) for family in families]
    return held


def test_many_are_asked_about_at_once(credentials, django_assert_num_queries):
    asked = set().union(*credentials.values())

    # The sessions, whose they are, and the families with whose they are.
    with django_assert_num_queries(3):
        assert that_hold(asked) == asked


def test_of_many_those_are_over_that_ended(credentials, buyer, seller):
    browsers, programs = credentials[buyer, "browser"], credentials[buyer, "program"]
    Session.objects.filter(pk=browsers[0]._key).delete()
    Session.objects.filter(pk=browsers[1]._key).update(expire_date=now())
    tokens.revoke(programs[0]._family)
    User.objects.filter(pk=seller.pk).update(is_active=False)

    assert that_hold(set().union(*credentials.values())) == {browsers[2], *programs[1:]}


def test_a_new_password_ends_them_all_at_once(credentials, buyer, seller):
    seller.set_password("another good one")
    seller.save()
    sessions.end_all(seller)

    staying = that_hold(set().union(*credentials.values()))

    assert {its.user for its in staying} == {buyer}
    assert len(staying) == 6

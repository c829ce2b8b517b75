"""Ten origins, fourteen credentials, every socket: who gets in, and who is put out (A15)."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import shutil
import time
import urllib.parse
from collections.abc import Iterator

import pytest
import websockets

from accounts.tests.factories import PASSWORD
from tests.sockets.server import Server, environment, free_port, manage, running

pytestmark = pytest.mark.processes

REFUSED = 403  # the handshake itself
OPEN = "open"
PUBLIC, PERSONAL = "public", "personal"
# Whoever adds a socket says here who may open it.
SOCKETS = {
    "ws/inventory/": ("/ws/inventory/", PUBLIC),
    "ws/chat/": ("/ws/chat/{conversation}/", PERSONAL),
    "ws/notifications/": ("/ws/notifications/", PERSONAL),
}
NOBODY = {
    "nothing",
    "cookie of a signed-out session",
    "cookie of an inactive user",
    "in the query",
}
SOMEBODY = {"cookie", "ticket"}


class Stage(dict):
    server: Server

    def ticket(self) -> str:
        return self["good"].pop()


@pytest.fixture(scope="module")
def stage(empty_market, tmp_path_factory) -> Iterator[Stage]:
    folder, port = tmp_path_factory.mktemp("sockets") / "market", free_port()
    shutil.copytree(empty_market, folder)
    settings = environment(
        folder, port, RATE_LIMIT_SIGN_IN_ACCOUNT="1000/60", RATE_LIMIT_CHANGE_ACCOUNT="1000/60"
    )
    written = folder / "stage.json"
    manage(
        settings, "shell", "--verbosity=0", "--no-imports",
        f"--command=from tests.sockets import stage; stage.write({str(written)!r})",
    )  # fmt: skip
    with running(
        "uvicorn", "marketflow.asgi:application", port, settings, folder / "log"
    ) as server:
        stage = Stage(json.loads(written.read_text()))
        stage.server = server
        yield stage


def origins(port: int) -> dict[str, str | None]:
    return {
        "ours": f"http://market.test:{port}",
        "none": None,
        "null": "null",
        "file": "file://",
        "another host": f"http://elsewhere.test:{port}",
        "another scheme": f"https://market.test:{port}",
        "another port": "http://market.test",
        "a sub-domain": f"http://shop.market.test:{port}",
        "our address": f"http://127.0.0.1:{port}",
        "a trailing dot": f"http://market.test.:{port}",
    }


def credentials(stage: Stage) -> dict[str, dict[str, str]]:
    """A fresh set: good tickets are used up by the cell that gets in."""
    good = stage.ticket()
    return {
        "nothing": {},
        "cookie": {"cookie": stage["cookie"]},
        "cookie of a signed-out session": {"cookie": stage["signed_out"]},
        "cookie of an inactive user": {"cookie": stage["inactive"]},
        "ticket": {"ticket": good},
        "used ticket": {"ticket": stage["used"]},
        "expired ticket": {"ticket": stage["expired"]},
        "ticket of another": {"ticket": stage["foreign_ticket"], "cookie": stage["cookie"]},
        "altered ticket": {"ticket": ("A" if good[0] != "A" else "B") + good[1:]},
        "in the query": {"query": good},
        "access token": {"ticket": stage["access"]},
        "refresh token": {"ticket": stage["refresh"]},
        "unsigned token": {"ticket": unsigned(stage["access"])},
        "8 kB of text": {"ticket": "x" * 8000},
    }


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def expected(origin: str, credential: str, kind: str) -> object:
    if origin != "ours":
        return REFUSED
    if credential in SOMEBODY or (kind == PUBLIC and credential in NOBODY):
        return OPEN
    return 4401


async def knock(
    stage: Stage, path: str, origin: str | None, *, cookie: str = "", ticket: str = "", query=""
) -> object:
    """REFUSED, the code it is closed with, or OPEN once it answers."""
    try:
        async with opened(stage, path, origin, cookie, ticket, query) as socket:
            if ticket:
                assert socket.subprotocol == "marketflow.v1"
            try:
                await socket.send("{")
                while json.loads(await asyncio.wait_for(socket.recv(), 20))["type"] != "error":
                    pass
                return OPEN
            except websockets.ConnectionClosed as closed:
                return closed.rcvd and closed.rcvd.code
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


def opened(stage: Stage, path: str, origin=None, cookie="", ticket="", query=""):
    port = stage.server.port
    return websockets.connect(
        stage.server.url(path + (f"?ticket={query}" if query else ""), host="market.test"),
        host="127.0.0.1",
        port=port,
        origin=origin,
        subprotocols=["marketflow.v1", f"ticket.{ticket}"] if ticket else None,
        additional_headers={"Cookie": f"sessionid={cookie}"} if cookie else None,
        max_size=None,
        proxy=None,
    )


def routes() -> list[str]:
    from marketflow.asgi import routes

    return [str(route.pattern) for route in routes.routes if str(route.pattern)]


def test_every_socket_is_in_the_matrix():
    assert all(any(route.startswith(known) for known in SOCKETS) for route in routes())


@pytest.mark.parametrize("socket", SOCKETS)
def test_only_our_origin_with_a_good_credential_gets_in(stage, socket):
    if not any(route.startswith(socket) for route in routes()):
        pytest.skip("no such socket yet")
    path, kind = SOCKETS[socket]
    surprises = asyncio.run(matrix(stage, path.format(**stage), kind))

    assert surprises == []


async def matrix(stage: Stage, path: str, kind: str) -> list[object]:
    ours = origins(stage.server.port)["ours"]
    stage["used"] = stage.ticket()
    await knock(stage, path, ours, ticket=stage["used"])
    surprises = []
    for name, origin in origins(stage.server.port).items():
        for credential, shown in credentials(stage).items():
            answer = await knock(stage, path, origin, **shown)
            if answer != expected(name, credential, kind):
                surprises.append((name, credential, answer))
    return surprises


def test_somebody_elses_conversation_is_not_theirs(stage):
    ours = origins(stage.server.port)["ours"]
    for uuid in (stage["foreign_conversation"], "00000000-0000-4000-8000-000000000000"):
        path = f"/ws/chat/{uuid}/"

        assert asyncio.run(knock(stage, path, ours, cookie=stage["cookie"])) == 4403


def test_no_ticket_and_no_token_is_in_the_log(stage):
    query = stage.ticket()
    asyncio.run(knock(stage, "/ws/inventory/", origins(stage.server.port)["ours"], query=query))

    log = stage.server.log.read_text()

    for secret in (query, stage["access"], stage["refresh"], stage["used"], stage["expired"]):
        assert secret not in log


def test_who_signs_out_or_changes_the_password_is_put_out_within_five_seconds(
    stage, record_property
):
    codes, seconds = asyncio.run(leave_all(stage))
    record_property("put out", codes.count(4401))

    assert codes == [4401] * len(stage["leavers"])
    assert max(seconds) < 5


async def leave_all(stage: Stage) -> tuple[list[int], list[float]]:
    ours = origins(stage.server.port)["ours"]
    codes, seconds = [], []
    for number, leaver in enumerate(stage["leavers"]):
        async with opened(stage, "/ws/inventory/", ours, leaver["cookie"]) as socket:
            await socket.send("{")
            await socket.recv()
            leave = sign_out if number % 2 else change_password
            await asyncio.to_thread(leave, stage, leaver)
            began = time.monotonic()
            try:
                await asyncio.wait_for(socket.recv(), 10)
            except websockets.ConnectionClosed as closed:
                codes.append(closed.rcvd.code)
            seconds.append(time.monotonic() - began)
    return codes, seconds


def sign_out(stage: Stage, leaver: dict[str, str]) -> None:
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": leaver["csrf"]})
    cookies = f"sessionid={leaver['cookie']}; csrftoken={leaver['csrf']}"
    answer = post(
        stage, "/account/logout/", form,
        {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert answer in (302, 303)


def change_password(stage: Stage, leaver: dict[str, str]) -> None:
    body = json.dumps({"current_password": PASSWORD, "new_password": "another long walk"})
    headers = {"Authorization": f"Bearer {leaver['access']}", "Content-Type": "application/json"}
    assert post(stage, "/api/v1/auth/password/change/", body, headers) == 204


def post(stage: Stage, path: str, body: str, headers: dict[str, str]) -> int:
    port = stage.server.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body, {"Host": f"market.test:{port}"} | headers)
    status = connection.getresponse().status
    connection.close()
    return status

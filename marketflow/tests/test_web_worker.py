from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

import pytest

from marketflow import web_worker
from marketflow.web_worker import WritesFirstPool, is_reading


def connection(said: bytes, name: str = ""):
    """As gunicorn holds it, with what the client has said."""
    client, server = socket.socketpair()
    client.sendall(said)
    return SimpleNamespace(name=name, sock=server, client=client)


@pytest.fixture
def busy():
    """A pool whose only thread is busy until `free` is set, and the order in which it goes on."""
    pool, free, order = WritesFirstPool(max_workers=1), threading.Event(), []

    def handle(its):
        order.append(its.name)
        return its.name.upper()

    pool.submit(lambda _its: free.wait(10), connection(b"GET / HTTP/1.1\r\n"))
    yield SimpleNamespace(
        submit=lambda said, name: pool.submit(handle, connection(said, name)),
        handle_by=lambda call, its: pool.submit(call, its),
        free=free,
        order=order,
    )
    free.set()
    pool.shutdown()


def test_who_writes_goes_before_who_reads_and_each_in_their_turn(busy):
    waiting = [
        busy.submit(b"GET /one/ HTTP/1.1\r\n", "one"),
        busy.submit(b"HEAD /two/ HTTP/1.1\r\n", "two"),
        busy.submit(b"POST /three/ HTTP/1.1\r\n", "three"),
        busy.submit(b"DELETE /four/ HTTP/1.1\r\n", "four"),
    ]

    busy.free.set()

    assert [future.result(10) for future in waiting] == ["ONE", "TWO", "THREE", "FOUR"]
    assert busy.order == ["three", "four", "one", "two"]


def test_who_has_waited_long_is_overtaken_by_nobody(busy, monkeypatch):
    monkeypatch.setattr(web_worker, "PATIENCE", 0)
    reading = busy.submit(b"GET /one/ HTTP/1.1\r\n", "one")
    writing = busy.submit(b"POST /two/ HTTP/1.1\r\n", "two")

    busy.free.set()

    assert (reading.result(10), writing.result(10)) == ("ONE", "TWO")
    assert busy.order == ["one", "two"]


def test_a_failure_is_its_own_and_what_was_cancelled_is_not_done(busy):
    def fail(its):
        raise SystemExit(1)

    failing = busy.handle_by(fail, connection(b"POST /one/ HTTP/1.1\r\n"))
    cancelled = busy.submit(b"POST /two/ HTTP/1.1\r\n", "two")
    last = busy.submit(b"POST /three/ HTTP/1.1\r\n", "three")
    assert cancelled.cancel()

    busy.free.set()

    assert last.result(10) == "THREE"
    assert isinstance(failing.exception(10), SystemExit)
    assert busy.order == ["three"]


def test_looking_takes_nothing_away():
    its = connection(b"GET /one/ HTTP/1.1\r\n")

    assert is_reading(its.sock)

    assert its.sock.recv(100) == b"GET /one/ HTTP/1.1\r\n"


@pytest.mark.parametrize("said", [b"", b"PO", b"PRI * HTTP/2.0\r\n"])
def test_what_is_not_known_to_read_goes_first(said):
    assert not is_reading(connection(said).sock)


def test_a_connection_that_has_ended_does_no_harm():
    its = connection(b"")
    its.client.close()

    assert not is_reading(its.sock)

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

import pytest

from marketflow import web_worker
from marketflow.web_worker import WritesFirstPool, first_bytes


def connection(said: bytes, name: str = ""):
    """As gunicorn holds it, with what the client has said."""
    client, server = socket.socketpair()
    client.sendall(said)
    return SimpleNamespace(name=name, sock=server, client=client)


@pytest.fixture
def busy():
    """A pool whose only thread is busy until `free` is set, and the order in which it goes on."""
    pool, begun, free, order = WritesFirstPool(1), threading.Event(), threading.Event(), []

    def handle(its):
        order.append(its.name)
        return its.name.upper()

    def block(_its):
        begun.set()
        free.wait(10)

    pool.submit(block, connection(b"GET / HTTP/1.1\r\n"))
    assert begun.wait(10)
    yield SimpleNamespace(
        submit=lambda said, name: pool.submit(handle, connection(said, name)),
        submit_it=lambda its: pool.submit(handle, its),
        handle_by=pool.submit,
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


@pytest.mark.parametrize(
    ("said", "order"),
    [
        (b"POST /late/ HTTP/1.1\r\n", ["late", "writes", "reads"]),
        (b"GET /late/ HTTP/1.1\r\n", ["writes", "late", "reads"]),
        # Such a one holds a thread until it says something.
        (b"", ["writes", "late", "reads"]),
    ],
)
def test_who_came_without_a_word_is_sorted_when_their_turn_comes(busy, said, order):
    late = connection(b"", "late")
    waiting = [
        busy.submit_it(late),
        busy.submit(b"GET /reads/ HTTP/1.1\r\n", "reads"),
        busy.submit(b"POST /writes/ HTTP/1.1\r\n", "writes"),
    ]
    late.client.sendall(said)

    busy.free.set()

    assert [future.result(10) for future in waiting] == ["LATE", "READS", "WRITES"]
    assert busy.order == order


def test_looking_takes_nothing_away():
    its = connection(b"GET /one/ HTTP/1.1\r\n")

    assert first_bytes(its.sock) == b"GET "

    assert its.sock.recv(100) == b"GET /one/ HTTP/1.1\r\n"


def test_a_connection_that_has_ended_does_no_harm():
    its = connection(b"")
    assert first_bytes(its.sock) == b""
    its.client.close()
    assert first_bytes(its.sock) == b""
    its.sock.close()
    assert first_bytes(its.sock) == b""

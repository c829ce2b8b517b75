from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from benchmarks.gauntlet.http import Connection
from marketflow import web_worker
from marketflow.web_worker import Board, WritesFirst, WritesFirstPool, first_bytes
from tests.servers import free_port


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


def test_a_worker_knows_who_has_fewest_connections_of_those_who_are_there(monkeypatch):
    board = Board()
    assert board.fewest(besides=1) == float("inf")

    board.tell(1, 12)
    board.tell(2, 4)
    board.tell(3, 7)
    assert board.fewest(besides=1) == 4
    assert board.fewest(besides=2) == 7

    # Killed, and followed by another.
    monkeypatch.setattr(web_worker, "SILENT", -1)
    assert board.fewest(besides=1) == float("inf")


@pytest.mark.parametrize(
    ("connections", "is_behind", "others", "kept"),
    [
        (12, True, 4, 0),
        (5, True, 4, 996),
        (12, False, 4, 996),
        (12, True, None, 996),
    ],
    ids=["too many", "one more", "nobody waits", "alone"],
)
def test_a_worker_that_is_behind_keeps_no_connection_beyond_its_share(
    connections, is_behind, others, kept, monkeypatch
):
    monkeypatch.setattr(web_worker, "board", Board())
    if others is not None:
        web_worker.board.tell(2, others)
    worker = WritesFirst(1, 0, [], None, 30, Config(), None)
    worker.max_keepalived = 996
    worker.tpool = SimpleNamespace(is_behind=is_behind)

    worker.nr_conns = connections

    assert worker.max_keepalived == kept


def who_answers(environ, start_response):
    """A site of one page: by whom it was answered, after a while."""
    time.sleep(0.02)
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def site(tmp_path):
    """Two workers of one thread each: the port, and the ids of their processes."""
    port, log = free_port(), tmp_path / "log"
    command = [
        *(sys.executable, "-m", "gunicorn", f"{__name__}:who_answers", f"--bind=127.0.0.1:{port}"),
        *("--worker-class=marketflow.web_worker.WritesFirst", "--workers=2", "--threads=1"),
        *("--no-control-socket", f"--log-file={log}"),
    ]
    master = subprocess.Popen(command)
    children = Path(f"/proc/{master.pid}/task/{master.pid}/children")

    deadline = time.monotonic() + 20
    while not (log.exists() and log.read_text().count("Booting worker") == 2):
        assert time.monotonic() < deadline, log.exists() and log.read_text()
        time.sleep(0.05)
    yield SimpleNamespace(port=port, workers=[int(pid) for pid in children.read_text().split()])
    master.terminate()
    master.wait(30)


@pytest.mark.processes
def test_connections_that_one_worker_took_are_shared_where_they_wait(site):
    one, other = site.workers

    async def visit() -> tuple[Counter, Counter]:
        connections = [Connection(site.port) for _ in range(8)]
        os.kill(other, signal.SIGSTOP)
        try:
            first = [int((await each.ask("GET", "/")).body) for each in connections]
        finally:
            os.kill(other, signal.SIGCONT)
        until = time.monotonic() + 4

        async def go_on(each: Connection) -> int:
            while time.monotonic() < until:
                answer = await each.ask("GET", "/")
            each.close()
            return int(answer.body)

        last = await asyncio.gather(*(go_on(each) for each in connections))
        return Counter(first), Counter(last)

    first, last = asyncio.run(visit())

    assert first == {one: 8}
    assert sorted(last.values()) in ([4, 4], [3, 5])


@pytest.mark.processes
def test_connections_that_say_nothing_hold_up_nobody(site):
    silent = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(6)]

    async def visit() -> float:
        connection = Connection(site.port)
        answers = [await connection.ask("GET", "/") for _ in range(5)]
        connection.close()
        return max(answer.seconds for answer in answers)

    assert asyncio.run(visit()) < 1

    # Who speaks at last is answered.
    silent[0].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    silent[0].settimeout(5)
    assert silent[0].recv(15) == b"HTTP/1.1 200 OK"
    # Who never does is put out.
    silent[1].settimeout(10)
    assert silent[1].recv(1) == b""
    for each in silent:
        each.close()

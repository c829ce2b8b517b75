"""Two whole processes that share the database and the Redis of this run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from accounts.tests.factories import make_shop, make_user
from carts.models import ShippingOption
from catalog.tests.factories import make_variant
from chat.tests.factories import make_message
from tests.browser import market, stage
from tests.browser.market import BrowserMarket
from tests.servers import free_port
from tests.sockets.server import Server, running

APPLICATION = "marketflow.asgi:application"
KEPT = ("REDIS_URL", "REDIS_CACHE_DB", "REDIS_CHANNEL_DB", "REDIS_BROKER_DB", "REDIS_PREFIX")


@dataclass(frozen=True)
class Half:
    """One of the two: where it is, and how to end it as the machine's end would."""

    folder: Path
    port: int
    environment: dict[str, str]
    stack: contextlib.ExitStack
    servers: list[Server]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.folder / f"log-{self.port}"
        server = running("uvicorn", APPLICATION, self.port, self.environment, log)
        self.servers.append(self.stack.enter_context(server))

    def kill(self) -> None:
        process = self.servers[-1].process
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def running_pair(folder: Path) -> Iterator[list[Half]]:
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    environment = (
        market.settings(folder, urls[0])
        | {name: os.environ[name] for name in KEPT}
        | {
            "DATABASE_URL": url_of_the_database(),
            "SECRET_KEY": settings.SECRET_KEY,
            "ALLOWED_ORIGINS": ",".join(urls),
            "ALLOW_TEST_PAYMENTS": "1",
            "HTTPS": "0",
            "STATIC_MANIFEST": "0",
        }
    )
    with contextlib.ExitStack() as stack:
        halves = [Half(folder, port, environment, stack, []) for port in ports]
        for half in halves:
            half.start()
        yield halves


def url_of_the_database() -> str:
    """The one that the tests made, not the one they were given."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path=f"/{connection.settings_dict['NAME']}"))


def a_small_market(halves: list[Half]) -> list[BrowserMarket]:
    """One shop, one last unit, one conversation; the same at both addresses."""
    shop = make_shop("Fern & Co", members=["fern"])
    ShippingOption.objects.create(
        shop=shop, name="Post", price_minor=500, currency="EUR", min_days=2, max_days=4
    )
    last = make_variant(shop, "Last folio", price=9_900, stock=1)
    ana = make_user("ana")
    visitors = {
        "nobody": {},
        "ana": stage.signed_in(ana),
        "fern": stage.signed_in(make_user("fern")),
        "first_guest": stage.at_review([last]),
        "second_guest": stage.with_a_cart([last]),
    }
    places = {
        "product_last": last.product.get_absolute_url(),
        "talk": make_message(ana, shop, "Hello?").conversation.get_absolute_url(),
    }
    return [
        BrowserMarket(half.url, half.folder / f"log-{half.port}", visitors, places)
        for half in halves
    ]

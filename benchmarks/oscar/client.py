"""A guest who buys two products at django-oscar's pages, as a browser would send it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from benchmarks.gauntlet.http import Answer, Connection


class NotServed(Exception):
    """Oscar did not do what it was asked."""


ADDRESS = {
    "first_name": "Rehearsal",
    "last_name": "Guest",
    "line1": "1 Mill Lane",
    "line4": "Dublin",
    "postcode": "D02 X285",
    "country": "IE",
}


class Guest:
    """One visitor with cookies of their own, over a connection that others used before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cookies: dict[str, str] = {}
        self.at = ""

    async def buy(self, products: list[int]) -> None:
        """The products into the basket, the address, the order. Raises `NotServed`."""
        for number in products:
            await self.follow(f"/catalogue/product-{number - 1}_{number}/")
            form = {"quantity": "1", "next": self.at}
            await self.follow(f"/basket/add/{number}/", form)
        await self.follow("/checkout/")
        guest = {"username": "guest@rehearsal.invalid", "options": "anonymous"}
        await self.follow("/checkout/", guest)
        await self.follow("/checkout/shipping-address/", ADDRESS)
        # One way of shipping and nothing to pay with: Oscar has gone on to the preview by itself.
        await self.follow("/checkout/preview/", {"action": "place_order"})
        if self.at != "/checkout/thank-you/":
            raise NotServed(f"the order ended at {self.at}")

    async def follow(self, path: str, form: dict[str, str] | None = None) -> None:
        """Open a page or send its form, and go where the answer points."""
        answer = await self.ask(path, form)
        while answer.status in (301, 302):
            path = answer.headers["location"]
            answer = await self.ask(path)
        if answer.status != 200:
            raise NotServed(f"{answer.status} at {path}: {answer.body[-2000:]!r}")
        self.at = path

    async def ask(self, path: str, form: dict[str, str] | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        content = b""
        if form is not None:
            content = urlencode(form | {"csrfmiddlewaretoken": self.cookies["csrftoken"]}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        method = "POST" if content else "GET"
        answer = await self.connection.send(method, path, content, headers)
        for name, value in re.findall(
            r"(?:^|, )(\w+)=([^;]+);", answer.headers.get("set-cookie", "")
        ):
            self.cookies[name] = value
        return answer

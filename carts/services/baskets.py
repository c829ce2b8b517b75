"""Whose cart it is, and what lies in it.

A signed-in buyer has one open cart; a guest has one under a token that this site handed out.
The token is known to the guest alone: the database keeps its hash.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, QuerySet, UUIDField
from django.db.models.functions import Greatest, Least
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now

from carts.models import Cart, CartLine
from catalog.models import Variant
from catalog.services.inventory import OutOfStock
from marketflow.core.compiled import CompiledQuery, CompiledUpdate
from marketflow.core.errors import Refusal

COOKIE = "cart"
COOKIE_DAYS = 90
HEADER = "X-Cart-Token"
_signer = signing.Signer(salt="carts.token")
_of_guest = CompiledQuery(
    lambda token_hash: Cart.objects.of(token_hash=token_hash).order_by("pk")[:1],
    token_hash=CharField(),
)
_locked = CompiledQuery(
    lambda pk: Cart.objects.select_for_update().filter(pk=pk), pk=BigIntegerField()
)
_touched = CompiledUpdate(
    lambda pk, moment: (Cart.objects.filter(pk=pk), {"updated_at": moment}),
    pk=BigIntegerField(),
    moment=DateTimeField(),
)
_sent_to = CompiledUpdate(
    lambda pk, country, postcode, moment: (
        Cart.objects.filter(pk=pk),
        {"country": country, "postcode": postcode, "updated_at": moment},
    ),
    pk=BigIntegerField(),
    country=CharField(),
    postcode=CharField(),
    moment=DateTimeField(),
)
_lines = CompiledQuery(lambda cart: CartLine.objects.filter(cart_id=cart), cart=BigIntegerField())
_for_all = CompiledQuery(
    lambda uuid: Variant.objects.visible_to(AnonymousUser()).with_availability().filter(uuid=uuid),
    uuid=UUIDField(),
)


class NotForSale(Refusal):
    code = "not_for_sale"
    message = "This can't be bought at the moment."


class CartFull(Refusal):
    code = "cart_full"
    message = "A cart holds at most 100 different items."


MOST_LINES = 100
# Where the checkout of a cart notes the slug of the one shop that is checked out alone.
ONE_SHOP = "shop"
MOST_COUPONS = 20


def new_token() -> str:
    """A guest's token: 256 random bits and our signature, so that nobody makes up their own."""
    return _signer.sign(secrets.token_urlsafe(32))


def hash_of(token: str) -> str | None:
    """What the database knows a token by; None for one that this site did not hand out."""
    try:
        _signer.unsign(token)
    except signing.BadSignature:
        return None
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(request: HttpRequest) -> str:
    """The guest's token that came with the request: of the header, else of the cookie."""
    token = request.headers.get(HEADER) or request.COOKIES.get(COOKIE, "")
    return token if hash_of(token) else ""


def find(request: HttpRequest) -> Cart | None:
    """The caller's open cart, or None while there is nothing in one."""
    if request.user.is_authenticated:
        return Cart.objects.of(user=request.user).first()
    token = token_of(request)
    return _of_guest.first(token_hash=hash_of(token)) if token else None


def find_or_open(request: HttpRequest) -> Cart:
    """The caller's open cart, opened if need be.

    A new guest's token is left on the request; `remember` hands it out.
    """
    if request.user.is_authenticated:
        return _open(buyer=request.user)
    known = token_of(request) or getattr(request, "new_cart_token", "")
    request.new_cart_token = token = known or new_token()
    if not known:
        # Nobody else has the token yet: there is nothing to look for.
        cart = Cart.objects.create(token_hash=hash_of(token))
        cart.is_new = True
        return cart
    token_hash = hash_of(token)
    return _of_guest.first(token_hash=token_hash) or _open(token_hash=token_hash)


def remember(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give a new guest the cookie that finds the cart again."""
    token = getattr(request, "new_cart_token", "")
    if token and request.COOKIES.get(COOKIE) != token:
        response.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_DAYS * 86_400,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def find_variant(user, uuid: UUID) -> Variant | None:
    """What `user` may see by that id, with what `add` reads."""
    if user.is_authenticated:
        visible = Variant.objects.visible_to(user).with_availability()
        return visible.filter(uuid=uuid).first()
    return _for_all.first(uuid=uuid)


def lines_of(request: HttpRequest) -> QuerySet[CartLine]:
    """What the caller means to buy."""
    token = hash_of(token_of(request))
    carts = Cart.objects.of(user=getattr(request, "user", None), token_hash=token)
    return CartLine.objects.to_buy().filter(cart__in=carts)


@transaction.atomic
def add(cart: Cart, variant: Variant, quantity: int = 1) -> CartLine:
    """Put `quantity` more units of `variant` in. Nothing is held by it.

    `variant` was just read: whether it can be bought is decided by what it says. Raises
    `NotForSale`, `OutOfStock` where that many are not free, `CartFull`.
    """
    lines = {} if cart.is_new else _lines_to_change(cart)
    cart.is_new = False
    line = lines.get(variant.pk)
    wanted = quantity + (line.quantity if line and not line.is_saved else 0)
    _require_available(variant, wanted)
    if line is None:
        if len(lines) >= MOST_LINES:
            raise CartFull
        line = CartLine(cart=cart, variant=variant)
    line.quantity = min(wanted, CartLine.MOST)
    line.is_saved = False
    line.seen_price_minor = variant.price_minor
    line.save()
    return line


def _lines_to_change(cart: Cart) -> dict[int, CartLine]:
    """By variant. Nobody else changes them until the transaction ends."""
    # The cart's row is the lock on its lines, and changing it takes it.
    _touch(cart)
    if ONE_SHOP in cart.checkout:
        # Who goes on shopping means to buy this too: no shop is checked out alone any more.
        mine = locked(cart)
        mine.checkout.pop(ONE_SHOP, "")
        mine.save(update_fields=["checkout"])
    return {line.variant_id: line for line in _lines.list(cart=cart.pk)}


@transaction.atomic
def open_many(contents: Iterable[Sequence[Variant]]) -> list[tuple[Cart, str]]:
    """A new guest's cart for each of `contents`, with one unit of each variant; and its token.

    For loads of thousands: two statements in all, and nobody asks whether that many are there.
    """
    contents = list(contents)
    tokens = [new_token() for _ in contents]
    carts = Cart.objects.bulk_create(Cart(token_hash=hash_of(token)) for token in tokens)
    CartLine.objects.bulk_create(
        CartLine(cart=cart, variant=variant, seen_price_minor=variant.price_minor)
        for cart, variants in zip(carts, contents, strict=True)
        for variant in variants
    )
    return list(zip(carts, tokens, strict=True))


@transaction.atomic
def change(cart: Cart, quantities: Mapping[str, int]) -> None:
    """Set the quantities of lines, by their uuid; 0 takes a line out.

    Unknown lines are left alone: another tab took them out. Raises `OutOfStock`.
    """
    cart = locked(cart)
    lines = cart.lines.filter(uuid__in=quantities).select_related("variant__product")
    for line in lines.order_by("pk"):
        quantity = quantities[str(line.uuid)]
        if quantity < 1:
            line.delete()
            continue
        if quantity > line.quantity:
            _require_available(line.variant, quantity)
        line.quantity = min(quantity, CartLine.MOST)
        line.seen_price_minor = line.variant.price_minor
        line.save(update_fields=["quantity", "seen_price_minor"])
    _touch(cart)


@transaction.atomic
def save_for_later(cart: Cart, line_uuid: str, *, saved: bool = True) -> None:
    """Keep a line out of what is bought, or take it back in."""
    locked(cart).lines.filter(uuid=line_uuid).update(is_saved=saved)
    _touch(cart)


def send_to(cart: Cart, *, country: str, postcode: str = "") -> None:
    """Note where the cart is to go: delivery and VAT depend on it."""
    cart.country, cart.postcode, cart.updated_at = country, postcode, now()
    _sent_to.send(pk=cart.pk, country=country, postcode=postcode, moment=cart.updated_at)


@transaction.atomic
def choose_shipping(cart: Cart, shipping: Mapping[str, str]) -> None:
    """Note by which option, by its uuid, shops are to send, by their slug."""
    cart.shipping = locked(cart).shipping | dict(shipping)
    cart.updated_at = now()
    cart.save(update_fields=["shipping", "updated_at"])


@transaction.atomic
def write_notes(cart: Cart, notes: Mapping[str, str]) -> None:
    """Keep what shops, by their slug, shall read; an empty text takes the note back."""
    cart = locked(cart)
    both = cart.notes | {slug: text.strip() for slug, text in notes.items()}
    cart.notes = {slug: text for slug, text in both.items() if text}
    cart.save(update_fields=["notes"])
    _touch(cart)


@transaction.atomic
def settle(cart: Cart) -> None:
    """Fit the cart to what can be had: fewer where fewer are left, saved for later where none.

    Also takes note of today's prices. Called when the buyer has seen what changed.
    """
    cart = locked(cart)
    for line in cart.lines.to_buy().with_goods().order_by("pk"):
        variant = line.variant
        free = free_units(variant) if is_for_sale(variant) else 0
        if free == 0:
            line.is_saved = True
        elif free is not None:
            line.quantity = min(line.quantity, free)
        line.seen_price_minor = variant.price_minor
        line.save(update_fields=["is_saved", "quantity", "seen_price_minor"])
    _touch(cart)


@transaction.atomic
def merge(guest: Cart, buyer) -> Cart:
    """Move a guest's lines into the buyer's cart: the union, the larger quantity of each.

    The guest's cart is gone afterwards. Whoever comes second finds nothing to move.
    """
    carts = Cart.objects.open().select_for_update()
    mine = _open(buyer=buyer)
    mine, guest = carts.get(pk=mine.pk), carts.filter(pk=guest.pk, buyer=None).first()
    if guest is None:
        return mine
    for line in guest.lines.order_by("pk"):
        _take_over(mine, line)
    if guest.country and not mine.country:
        mine.country, mine.postcode = guest.country, guest.postcode
    # Signing in on the way through checkout: what was typed is not asked again.
    mine.shipping = mine.shipping | guest.shipping
    mine.notes = mine.notes | guest.notes
    mine.checkout = mine.checkout or guest.checkout
    # The guest's are the later ones: of two for the same shop, theirs counts.
    kept = [code for code in mine.coupons if code not in guest.coupons]
    mine.coupons = [*kept, *guest.coupons][-MOST_COUPONS:]
    names = ["country", "postcode", "shipping", "notes", "checkout", "coupons"]
    mine.save(update_fields=names)
    guest.delete()
    return mine


def locked(cart: Cart) -> Cart:
    """The cart's row is the lock on its lines: a checkout at work is waited for."""
    return _locked.get(pk=cart.pk)


def is_for_sale(variant: Variant) -> bool:
    """Whether its shop sells it today, whatever the stock. Needs product and shop loaded."""
    product = variant.product
    return variant.is_active and product.is_published and product.shop.is_trading


def free_units(variant: Variant) -> int | None:
    """How many can be had now; None where stock is not tracked."""
    item = variant.stock_item
    return None if item is None else max(item.available, 0)


def _take_over(cart: Cart, line: CartLine) -> None:
    mine = cart.lines.filter(variant=line.variant_id)
    if not line.is_saved:
        # What the guest meant to buy is bought, though it was saved for later before.
        mine.update(is_saved=False)
    if mine.update(quantity=Least(Greatest(F("quantity"), line.quantity), CartLine.MOST)):
        return
    line.pk = line.id = None
    line.cart, line.uuid = cart, CartLine._meta.get_field("uuid").get_default()
    line.save(force_insert=True)


def _require_available(variant: Variant, quantity: int) -> None:
    if not is_for_sale(variant):
        raise NotForSale(variant=str(variant.uuid))
    free = free_units(variant)
    if free is not None and free < quantity:
        shortage = {"variant": str(variant.uuid), "title": str(variant), "available": free}
        raise OutOfStock(items=[shortage])


def _open(*, buyer=None, token_hash: str | None = None) -> Cart:
    cart, _ = Cart.objects.open().get_or_create(buyer=buyer, token_hash=token_hash)
    return cart


def _touch(cart: Cart) -> None:
    _touched.send(pk=cart.pk, moment=now())

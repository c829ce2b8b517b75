"""Shops and their goods, made for the demo."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product as combinations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils.html import escape
from django.utils.timezone import now

from accounts.models import Shop, User
from accounts.services import shops
from carts.models import ShippingOption, TaxRate
from catalog.models import Product, ProductAttribute, Variant
from catalog.services import inventory, listing, tree
from marketflow.demo.goods import EDITIONS, SHELVES, Shelf
from marketflow.demo.people import BUYER, PASSWORD, SELLER, SHOPS, STAFF, VAT, DemoShop

BATCH = 500


def make_person(email: str, name: str, *, password: str | None = None, **fields) -> User:
    """Somebody with a confirmed address; without `password` nobody can sign in as them."""
    user = User.objects.create_user(email, password, name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


def make_cast() -> tuple[User, User, User]:
    """The three people who can sign in: buyer, seller, staff."""
    buyer = make_person(*BUYER, password=PASSWORD)
    seller = make_person(*SELLER, password=PASSWORD)
    staff = make_person(*STAFF, password=PASSWORD, is_staff=True, is_superuser=True)
    return buyer, seller, staff


def make_tax_rates() -> None:
    year_start = now().date().replace(month=1, day=1)
    TaxRate.objects.bulk_create(
        TaxRate(country=country, tax_class=tax_class, basis_points=rate, valid_from=year_start)
        for country, (standard, reduced) in VAT.items()
        for tax_class, rate in (("standard", standard), ("reduced", reduced), ("zero", 0))
    )


def make_categories() -> dict[str, object]:
    """Every shelf's category, by its name."""
    return {shelf.path[1]: tree.find_or_make(shelf.path) for shelf in SHELVES}


def make_shops(count: int, staff: User) -> list[tuple[Shop, DemoShop]]:
    """`count` shops that applied and were approved; beyond the written ones they are branches."""
    made = []
    for number in range(count):
        plan = SHOPS[number % len(SHOPS)]
        branch = number // len(SHOPS)
        made.append((_make_shop(plan, branch, staff), plan))
    return made


def _make_shop(plan: DemoShop, branch: int, staff: User) -> Shop:
    slug = f"{plan.slug}-{branch + 1}" if branch else plan.slug
    name = f"{plan.name} {branch + 1}" if branch else plan.name
    owner = User.objects.filter(email=SELLER[0]).first() if slug == "fernhouse" else None
    owner = owner or make_person(f"{slug}@shops.demo.test", plan.owner)
    shop = shops.apply(
        user=owner,
        name=name,
        slug=slug,
        country=plan.country,
        city=plan.city,
        tagline=plan.tagline,
        about=plan.about,
        email=f"hello@{slug}.example",
        legal_name=f"{name} Ltd",
        legal_address=f"1 Workshop Lane\n{plan.city}",
        returns_policy="Send it back unused, and we refund what you paid for it.",
        terms="We send within three working days and tell you when it leaves.",
    )
    shops.approve(shop=shop, by=staff)
    home, abroad, free_from = plan.delivery
    currency = settings.MARKETPLACE_CURRENCY
    ShippingOption.objects.bulk_create(
        [
            ShippingOption(
                shop=shop,
                name="Standard",
                price_minor=home,
                free_above_minor=free_from,
                currency=currency,
                min_days=2,
                max_days=5,
            ),
            ShippingOption(
                shop=shop,
                name="Express",
                price_minor=abroad,
                currency=currency,
                min_days=1,
                max_days=2,
                position=1,
            ),
        ]
    )
    return shop


def make_products(
    made_shops: list[tuple[Shop, DemoShop]],
    count: int,
    rng: random.Random,
    progress: Callable[[int], None],
) -> None:
    """`count` products with their variants and opening stock, spread over the shops."""
    categories = make_categories()
    plans = list(_plans(made_shops, count, rng))
    for start in range(0, len(plans), BATCH):
        batch = plans[start : start + BATCH]
        with transaction.atomic():
            _write(batch, categories, rng)
        progress(len(batch))


def _plans(
    made_shops: list[tuple[Shop, DemoShop]], count: int, rng: random.Random
) -> Iterator[tuple[Shop, Shelf, str]]:
    """Which shop sells what: every name once, then again in other editions."""
    shelves = {shelf.path[1]: shelf for shelf in SHELVES}
    sellers = [
        (shop, shelves[name], position)
        for shop, plan in made_shops
        for position, name in enumerate(plan.sells)
    ]
    # Shelf by shelf in turn, so that a small market shows a little of everything.
    sellers.sort(key=lambda entry: entry[2])
    made, used = 0, {}
    while made < count:
        for shop, shelf, _ in sellers:
            turn = used.setdefault(shelf.path[1], 0)
            used[shelf.path[1]] += 1
            yield shop, shelf, _title(shelf, turn)
            made += 1
            if made == count:
                return


def _title(shelf: Shelf, turn: int) -> str:
    name = shelf.names[turn % len(shelf.names)]
    again = turn // len(shelf.names)
    if not again:
        return name
    edition = EDITIONS[(again - 1) % len(EDITIONS)]
    number = (again - 1) // len(EDITIONS)
    return f"{name}, {edition} {number + 1}" if number else f"{name}, {edition}"


def _write(
    batch: list[tuple[Shop, Shelf, str]], categories: dict[str, object], rng: random.Random
) -> None:
    slugs: set[str] = set()
    products = [_product(shop, shelf, title, categories, slugs) for shop, shelf, title in batch]
    Product.objects.bulk_create(products)
    variants, stock = [], []
    for product, (_, shelf, _) in zip(products, batch, strict=True):
        own = list(_variants(product, shelf, rng))
        variants += own
        stock += [_opening(rng) for _ in own]
        product.price_minor = min(variant.price_minor for variant in own)
    Variant.objects.bulk_create(variants)
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, name=name, value=value, position=position)
        for product, (shop, shelf, _) in zip(products, batch, strict=True)
        for position, (name, value) in enumerate(_facts(shop, shelf, rng))
    )
    inventory.open_many(
        [(v, units) for v, units in zip(variants, stock, strict=True) if units is not None]
    )
    listing.refresh(products)


def _product(
    shop: Shop, shelf: Shelf, title: str, categories: dict[str, object], slugs: set[str]
) -> Product:
    slug = listing.free_slug(title)
    while slug in slugs:
        slug = f"{slug}-{shop.slug}"
    slugs.add(slug)
    names = [*shelf.options, "", "", ""][:3]
    moment = now()
    return Product(
        shop=shop,
        title=title,
        slug=slug,
        handle=slug,
        description=_description(shop, shelf, title),
        brand=shop.name,
        category=categories[shelf.path[1]],
        tags=[shelf.path[1].lower(), *shelf.materials[:2]],
        tax_class=shelf.tax_class,
        state=Product.State.PUBLISHED,
        option1_name=names[0],
        option2_name=names[1],
        option3_name=names[2],
        created_at=moment,
        updated_at=moment,
        published_at=moment,
    )


def _description(shop: Shop, shelf: Shelf, title: str) -> str:
    made = f"Made in {shop.city} from {' and '.join(shelf.materials[:2])}."
    return (
        f"<p>{escape(shelf.sentence)}. {escape(made)}</p>"
        f"<ul><li>{escape(title)}</li><li>{escape(shelf.care)}</li>"
        f"<li>Packed without plastic by {escape(shop.name)}.</li></ul>"
    )


def _variants(product: Product, shelf: Shelf, rng: random.Random) -> Iterator[Variant]:
    low, high = shelf.prices
    base = round(rng.uniform(low, high) / 100) * 100 - rng.choice((0, 5, 10, 50))
    on_sale = rng.random() < 0.15
    grams = rng.randint(*shelf.grams)
    stem = "".join(word[0] for word in product.title.upper().split() if word[0].isalnum())
    number = rng.randrange(1000, 10_000_000)
    for position, values in enumerate(combinations(*shelf.options.values())):
        options = [*values, "", "", ""][:3]
        # Larger ones of a kind cost a little more.
        step = _rank(shelf, values) * round(base * 0.08 / 50) * 50
        price = base + step
        yield Variant(
            product=product,
            shop_id=product.shop_id,
            sku=f"{stem[:4]}-{number}-{position + 1}",
            option1=options[0],
            option2=options[1],
            option3=options[2],
            position=position,
            price_minor=price,
            compare_at_minor=round(price * 1.25 / 50) * 50 if on_sale else None,
            currency=settings.MARKETPLACE_CURRENCY,
            weight_grams=grams + step // 20,
        )


def _rank(shelf: Shelf, values: tuple[str, ...]) -> int:
    ranked = [
        list(choices).index(value)
        for (name, choices), value in zip(shelf.options.items(), values, strict=True)
        if name in ("Height", "Width", "Burns") or (name == "Size" and "XL" not in choices)
    ]
    return sum(ranked)


def _opening(rng: random.Random) -> int | None:
    """Most things are there, some are nearly gone, a few are sold out or made to order."""
    luck = rng.random()
    if luck < 0.04:
        return None
    if luck < 0.08:
        return 0
    return rng.randint(1, 5) if luck < 0.2 else rng.randint(8, 60)


def _facts(shop: Shop, shelf: Shelf, rng: random.Random) -> Iterator[tuple[str, str]]:
    yield "Material", rng.choice(shelf.materials).capitalize()
    yield "Made in", shop.city
    yield "Care", shelf.care.rstrip(".")

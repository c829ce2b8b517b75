"""Fern works in the sellers' admin with Rita's ids in her hand (threat T3)."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.urls import URLResolver, reverse

from accounts.models import Shop, ShopMember
from accounts.tests.factories import make_user
from carts.models import ShippingOption
from catalog.models import Product, StockItem
from catalog.tests.factories import make_variant
from marketflow.core.admin import seller_site, staff_site
from marketflow.core.tests.admin_pages import submit
from marketflow.tests.two_shops import SECRETS, digest, open_two_shops
from orders.models import SellerOrder

pytestmark = pytest.mark.django_db

UNKNOWN = 987_654


@pytest.fixture(scope="module")
def market(module_db) -> tuple[Shop, Shop]:
    return open_two_shops()


@pytest.fixture
def shop(market) -> Shop:
    return Shop.objects.get(pk=market[0].pk)


@pytest.fixture
def rival(market) -> Shop:
    return Shop.objects.get(pk=market[1].pk)


@pytest.fixture
def fern(client, market, seller):
    client.force_login(seller)
    return client


def shop_path(model) -> str:
    """How a row of `model` leads to its shop."""
    return {
        "shop": "pk",
        "return": "seller_order__shop",
        "dispute": "seller_order__shop",
        "stockitem": "variant__shop",
        "webhookdelivery": "endpoint__shop",
        "stockmovement": "stock_item__variant__shop",
    }.get(model._meta.model_name, "shop")


def a_row_of(shop, model):
    row = model.objects.filter(**{shop_path(model): shop.pk}).first()
    assert row is not None, f"the market has no {model.__name__} of {shop}"
    return row


def scoped_models():
    return [model for model in seller_site._registry if model._meta.model_name != "category"]


def patterns_with_an_id():
    """Every address of the site that names a row, as (model, name of the address, parameter)."""
    found = []
    for entry in seller_site.get_urls():
        if not isinstance(entry, URLResolver):
            continue
        app, model = re.match(r"(\w+)/(\w+)/", str(entry.pattern)).groups()
        for pattern in entry.url_patterns:
            found += [
                (apps.get_model(app, model), pattern.name, parameter)
                for parameter in pattern.pattern.converters
                if pattern.name
            ]
    return found


def body_of(answer, pk) -> str:
    text = answer.content.decode()
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    return re.sub(rf"(/|=|%2F){pk}(?=\D)", r"\1?", text)


# --- one row


def test_the_walk_reaches_every_page_of_a_row():
    names = {name for _, name, _ in patterns_with_an_id()}

    assert len(names) >= 3 * len(seller_site._registry)
    assert {"orders_ship", "orders_deliver", "catalog_product_change"} <= names


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_rivals_row_is_a_row_that_never_was(fern, rival, method):
    before = digest()
    for model, name, parameter in patterns_with_an_id():
        if model._meta.model_name == "category":
            continue
        row = a_row_of(rival, model)

        answers = [
            getattr(fern, method)(reverse(f"seller:{name}", kwargs={parameter: pk}), {"post": "1"})
            for pk in (row.pk, UNKNOWN)
        ]

        statuses = [answer.status_code for answer in answers]
        bodies = [body_of(answers[0], row.pk), body_of(answers[1], UNKNOWN)]
        if "location" in answers[0]:
            # Django's old address of a row leads to its page, whatever the row.
            answers = [fern.get(answer["location"]) for answer in answers]
            statuses = [answer.status_code for answer in answers]
        assert statuses[0] in (403, 404, 405), f"{name}: {statuses}"
        assert statuses[0] == statuses[1], f"{name}: {statuses}"
        assert bodies[0] == bodies[1], name
    assert digest() == before


def test_the_own_rows_are_there(fern, shop):
    """The walk above would be green on a site that shows nothing."""
    for model in scoped_models():
        row = a_row_of(shop, model)
        name = f"seller:{model._meta.app_label}_{model._meta.model_name}"

        page = fern.get(reverse(f"{name}_change", args=[row.pk]))

        assert page.status_code == 200
        text = page.content.decode()
        # A value made for lists, shown as it is.
        assert not re.search(r">\s*[(\[]&#x27;", text), name
        assert fern.get(reverse(f"{name}_history", args=[row.pk])).status_code == 200


def test_no_address_leads_to_any_object_by_its_number(fern, rival):
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(Product)

    assert fern.get(f"/seller/r/{kind.pk}/{a_row_of(rival, Product).pk}/").status_code == 404


# --- lists, filters, searches


def test_no_list_names_a_rival(fern):
    for model in scoped_models():
        name = f"seller:{model._meta.app_label}_{model._meta.model_name}_changelist"

        answer = fern.get(reverse(name), follow=True)

        assert answer.status_code == 200
        assert not [word for word in SECRETS if word in answer.content.decode()], name


def test_no_other_page_names_a_rival(fern):
    pages = ["index", "orders_queue", "orders_slips", "catalog_product_add"]
    pages += ["carts_shippingoption_add", "accounts_shopinvitation_add"]
    for name in pages:
        text = fern.get(reverse(f"seller:{name}")).content.decode()

        assert "Fern" in text or name == "index"
        assert not [word for word in SECRETS if word in text], name


@pytest.mark.parametrize("word", ["rival", "RIVAL-1", "rita", "lamp"])
def test_no_search_finds_a_rivals_row(fern, word):
    for model in scoped_models():
        name = f"seller:{model._meta.app_label}_{model._meta.model_name}_changelist"
        rows = fern.get(reverse(name), {"q": word}, follow=True)
        palette = fern.get("/seller/search/", {"s": word, "extended": "1"})

        assert "Rival lamp" not in rows.content.decode()
        assert "Rival lamp" not in palette.content.decode()


def test_the_palette_finds_the_own_product(fern):
    assert (
        "Fern lamp" in fern.get("/seller/search/", {"s": "lamp", "extended": "1"}).content.decode()
    )


def test_what_the_palette_found_is_forgotten_with_the_seat(fern, seller):
    fern.get("/seller/search/", {"s": "lamp", "extended": "1"})
    seller.memberships.update(role=ShopMember.Role.SUPPORT)

    again = fern.get("/seller/search/", {"s": "lamp", "extended": "1"}).content.decode()

    assert "Fern lamp" not in again


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "query",
    [
        "catalog/product/?shop__email__startswith=a",
        "catalog/product/?shop__memberships__user__password__startswith=a",
        "catalog/stockitem/?variant__product__shop__name=Rival+Goods",
        "orders/sellerorder/?order__total_minor__gt=1",
        "orders/sellerorder/?order__buyer__password__startswith=a",
        "orders/sellerorder/?order__email__startswith=ana",
        "catalog/importjob/?started_by__password__startswith=a",
    ],
)
def test_an_address_asks_nothing_the_filters_do_not_offer(fern, query):
    assert fern.get(f"/seller/{query}").status_code == 400


def test_a_filter_by_a_rivals_shop_finds_nothing(fern, seller, shop, rival):
    # With a second shop there is a filter by shop.
    second = ShopMember.objects.create(
        shop=make_second_shop(), user=seller, role=ShopMember.Role.OWNER
    ).shop
    make_variant(second, "Second lamp")

    page = fern.get("/seller/catalog/product/").content.decode()
    answer = fern.get(f"/seller/catalog/product/?shop__id__exact={rival.pk}").content.decode()

    assert "Second shop" in page
    assert "Rival" not in page
    assert "Rival lamp" not in answer


def make_second_shop():
    from accounts.tests.factories import make_shop

    return make_shop("Second shop")


# --- choices


def test_autocompletes_offer_no_row_of_a_rival(fern):
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created:
                continue
            asked = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": field.name,
                "term": "",
            }

            answer = fern.get("/seller/autocomplete/", asked)

            name = f"{model._meta.label}.{field.name}"
            assert answer.status_code in (200, 403, 404), name
            assert not [word for word in SECRETS if word in answer.content.decode()], name


def test_a_product_for_a_rivals_shop_is_refused(fern, rival):
    before = digest()

    add = reverse("seller:catalog_product_add")
    answer = submit(fern, add, "product_form", title="Cuckoo", shop=[str(rival.pk)])

    assert answer.status_code == 200
    assert digest() == before


def test_a_shipping_option_for_a_rivals_shop_is_refused(fern, rival):
    add = reverse("seller:carts_shippingoption_add")
    fields = {"name": "Slow", "price_minor": "1", "shop": [str(rival.pk)]}
    answer = submit(fern, add, "shippingoption_form", **fields)

    assert answer.status_code == 200
    assert not ShippingOption.objects.filter(name="Slow").exists()


@pytest.mark.parametrize("prefix", ["variants", "images", "attributes"])
@pytest.mark.parametrize("deletes", [False, True])
def test_a_rivals_row_smuggled_into_an_inline_stays_as_it_is(fern, shop, rival, prefix, deletes):
    own, foreign = a_row_of(shop, Product), a_row_of(rival, Product)
    smuggled = getattr(foreign, prefix).first()
    path = reverse("seller:catalog_product_change", args=[own.pk])
    before = contents_of(foreign), contents_of(own)

    # Fern's form, with the number of Rita's row in place of her own.
    changes = {f"{prefix}-0-id": [str(smuggled.pk)]}
    changes |= {f"{prefix}-0-{name}": ["9"] for name in ("price_minor", "alt", "value", "on_hand")}
    changes |= {f"{prefix}-0-DELETE": ["on"]} if deletes else {}
    submit(fern, path, "product_form", **changes)

    assert (contents_of(foreign), contents_of(own)) == before


def contents_of(product):
    related = [product.variants, product.images, product.attributes]
    shelves = StockItem.objects.filter(variant__product=product)
    return [list(rows.values()) for rows in [*related, shelves]]


def test_a_rivals_count_smuggled_into_the_stock_list_changes_nothing(fern, rival):
    item = a_row_of(rival, StockItem)
    path = reverse("seller:catalog_stockitem_changelist")
    before = digest()

    fields = {"form-0-id": [str(item.pk)], "form-0-on_hand": ["1"]}
    submit(fern, path, "changelist-form", **fields)

    assert digest() == before


# --- actions and exports


@pytest.mark.parametrize("everything", ["0", "1"])
def test_actions_do_nothing_to_a_rivals_rows(fern, rival, everything):
    for model, model_admin in seller_site._registry.items():
        row = a_row_of(rival, model) if model in scoped_models() else None
        for action in model_admin.actions or []:
            path = reverse(f"seller:{model._meta.app_label}_{model._meta.model_name}_changelist")
            before = row_values(row)

            chosen = {"_selected_action": [row.pk], "select_across": everything}
            sure = {"confirmed": "1", "way": "percent", "percent": "50"}
            answer = fern.post(path, {"action": action} | chosen | sure, follow=True)

            assert answer.status_code in (200, 404), action
            assert row_values(row) == before, action
            text = b"".join(answer).decode()
            assert not [word for word in SECRETS if word in text], action


def row_values(row):
    values = list(type(row).objects.filter(pk=row.pk).values())
    return values + (contents_of(row) if isinstance(row, Product) else [])


def test_packing_slips_and_the_queue_pass_over_a_rivals_numbers(fern, rival):
    part = a_row_of(rival, SellerOrder)

    assert fern.get(f"/seller/orders/sellerorder/slips/?part={part.pk}").status_code == 404
    queue = fern.get(f"/seller/orders/sellerorder/queue/?part={part.pk}").content.decode()
    assert part.number not in queue


def test_the_queue_ships_no_rivals_parcel(fern, rival):
    part = SellerOrder.objects.filter(shop=rival, state="paid").get()
    before = digest()

    fern.post("/seller/orders/sellerorder/queue/", {f"p{part.pk}-tracking_number": "STOLEN"})

    assert digest() == before


# --- who comes in at all


def test_the_houses_models_are_not_here(fern):
    ours = set(seller_site._registry)
    for model in set(staff_site._registry) - ours:
        path = f"/seller/{model._meta.app_label}/{model._meta.model_name}/"

        assert fern.get(path).status_code == 404, path


@pytest.mark.parametrize(
    "page", ["", "catalog/product/", "search/?s=a", "autocomplete/", "jsi18n/"]
)
def test_doors(client, market, buyer, seller, page):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    seller_page, staff_page = f"/seller/{page}", f"/admin/{page}"

    def end_of(path, user=None):
        client.logout()
        if user:
            client.force_login(user)
        answer = client.get(path, follow=True)
        return answer.status_code, answer.redirect_chain

    for path in (seller_page, staff_page):
        status, chain = end_of(path)
        assert status == 200
        assert chain[-1][0].startswith("/account/")
        assert "next=" in chain[-1][0]
        assert end_of(path, buyer)[0] == 403
    assert end_of(staff_page, seller)[0] == 403
    assert end_of(seller_page, boss)[0] == 403


def test_who_lost_the_seat_is_out_at_once(fern, seller):
    seller.memberships.all().delete()

    assert fern.get("/seller/", follow=True).status_code == 403


PAGES = {
    "settings": ["accounts_shop", "accounts_shopmember", "accounts_shopinvitation"],
    "catalogue": ["catalog_product", "carts_shippingoption", "catalog_importjob"],
    "stock": ["catalog_stockitem", "catalog_stockmovement"],
    "orders": ["orders_sellerorder"],
    "money": ["orders_payout", "accounts_bankaccount"],
}


@pytest.mark.parametrize("role", ShopMember.Role.values)
def test_a_role_opens_its_own_pages_and_no_others(client, market, shop, role):
    member = make_user("mo")
    seat = ShopMember.objects.create(shop=shop, user=member, role=role)
    client.force_login(member)
    menu = client.get("/seller/").content.decode()

    for duty, names in PAGES.items():
        for name in names:
            path = reverse(f"seller:{name}_changelist")

            status = client.get(path, follow=True).status_code

            assert status == (200 if seat.may(duty) else 403), path
            assert (f'href="{path}"' in menu) == seat.may(duty), path


def test_support_reads_orders_and_ships_none(client, market, shop):
    support = make_user("sue")
    ShopMember.objects.create(shop=shop, user=support, role=ShopMember.Role.SUPPORT)
    part = SellerOrder.objects.filter(shop=shop, state="paid").first()
    client.force_login(support)
    before = digest()

    seen = client.get(reverse("seller:orders_sellerorder_change", args=[part.pk]))
    ship = client.post(reverse("seller:orders_ship", args=[part.pk]), {"parcels": "0"})
    client.post("/seller/orders/sellerorder/queue/", {f"p{part.pk}-tracking_number": "X"})

    assert seen.status_code == 200
    assert "Mark shipped" not in seen.content.decode()
    assert ship.status_code == 404
    assert digest() == before


def test_an_owner_of_one_shop_who_helps_another_edits_only_the_first(fern, seller, rival):
    ShopMember.objects.create(shop=rival, user=seller, role=ShopMember.Role.SUPPORT)
    product = a_row_of(rival, Product)

    answer = fern.get(reverse("seller:catalog_product_change", args=[product.pk]))
    products = fern.get("/seller/catalog/product/").content.decode()
    orders = fern.get("/seller/orders/sellerorder/").content.decode()

    assert answer.status_code == 404
    assert "Rival lamp" not in products
    assert "Rival lamp" in orders


def test_a_sellers_history_says_nothing_of_staff(fern, shop):
    product = a_row_of(shop, Product)
    boss = make_user("boss", is_staff=True)
    LogEntry.objects.log_actions(boss.pk, [product], 2, "Looks odd", single_object=True)

    page = fern.get(reverse("seller:catalog_product_history", args=[product.pk])).content.decode()

    assert "Boss" not in page
    assert "Looks odd" not in page

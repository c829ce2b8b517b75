from __future__ import annotations

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from accounts.tests.factories import make_user
from catalog.models import Category, ImportJob, Product
from catalog.services import inventory, tree
from catalog.tests.factories import make_category, make_product, make_variant, stock_of
from marketflow.core.models import AuditEntry, FormerSlug
from marketflow.core.tests.admin_pages import submit

LIST = "/seller/catalog/product/"
STOCK = "/seller/catalog/stockitem/"


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def boss(client, db):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    return boss


def edit(client, product, **changes):
    path = reverse("seller:catalog_product_change", args=[product.pk])
    return submit(client, path, "product_form", **changes)


def add(client, **fields):
    return submit(client, reverse("seller:catalog_product_add"), "product_form", **fields)


def act(client, action, *rows, path=LIST, **fields):
    chosen = {"_selected_action": [row.pk for row in rows]}
    return client.post(path, {"action": action} | chosen | fields)


def errors_of(answer) -> str:
    assert answer.status_code == 200, "the form was accepted"
    page = answer.context
    texts = [str(page["adminform"].form.errors)]
    for formset in page["inline_admin_formsets"]:
        texts += [str(formset.formset.errors), str(formset.formset.non_form_errors())]
    return " ".join(texts)


# --- the form


def test_a_product_is_made_published_and_priced_in_one_go(fern, shop):
    answer = add(
        fern,
        title="Ash spoon",
        state="published",
        tags="kitchen, ash,kitchen",
        **{
            "variants-0-price_minor": "12,50",
            "variants-0-sku": "ASH-1",
            "variants-0-on_hand": "7",
        },
    )

    product = Product.objects.get(title="Ash spoon")
    assert answer.status_code == 302
    assert (product.slug, product.shop, product.state) == ("ash-spoon", shop, "published")
    assert product.tags == ["kitchen", "ash"]
    assert product.price_minor == 1250
    assert "ASH-1" in product.keywords
    assert product.published_at
    assert stock_of(product.variants.get()) == (7, 0)
    assert product.variants.get().stock.movements.count() == 1


def test_a_taken_address_gets_a_number(fern, shop):
    make_product(shop, "Ash spoon")

    add(fern, title="Ash spoon")

    assert Product.objects.filter(slug="ash-spoon-2").exists()


def test_a_description_is_cleaned(fern, shop):
    product = make_variant(shop).product

    edit(fern, product, description='<p onclick="x()">Oak</p><script>steal()</script>')

    product.refresh_from_db()
    assert product.description == "<p>Oak</p>"


@pytest.mark.parametrize("other_product", [True, False])
def test_a_sku_that_is_taken_is_said_at_its_field(fern, shop, other_product):
    first = make_variant(shop, sku="OAK-1")
    holder = make_product(shop, "Elm bowl") if other_product else first.product
    second = make_variant(shop, product=holder, option1="Large", sku="OAK-2")
    position = 0 if other_product else 1

    answer = edit(fern, second.product, **{f"variants-{position}-sku": "OAK-1"})

    second.refresh_from_db()
    assert "SKU" in errors_of(answer)
    assert second.sku == "OAK-2"


def test_a_rivals_sku_is_free(fern, shop, rival):
    make_variant(rival, sku="OAK-1")
    own = make_variant(shop, "Elm bowl")

    answer = edit(fern, own.product, **{"variants-0-sku": "OAK-1"})

    own.refresh_from_db()
    assert answer.status_code == 302
    assert own.sku == "OAK-1"


def test_nothing_is_published_without_a_variant(fern, shop):
    bare = make_product(shop, "Bare", state="draft")

    answer = edit(fern, bare, state="published")

    bare.refresh_from_db()
    assert "needs a variant" in errors_of(answer)
    assert bare.state == "draft"


def test_a_former_price_stands_above_the_price(fern, shop):
    variant = make_variant(shop, price=2000)

    answer = edit(fern, variant.product, **{"variants-0-compare_at_minor": "19.99"})

    assert "above the price" in errors_of(answer)


def test_two_variants_with_the_same_options_are_refused(fern, shop):
    variant = make_variant(shop, option1="Large")
    make_variant(shop, product=variant.product, option1="Small")

    answer = edit(fern, variant.product, **{"variants-1-option1": "Large"})

    assert "same options" in errors_of(answer)


def test_a_product_stays_with_its_shop(fern, shop, rival):
    product = make_variant(shop).product

    edit(fern, product, shop=str(rival.pk), title="Moved")

    product.refresh_from_db()
    assert (product.title, product.shop) == ("Moved", shop)


def photograph(name="bowl.jpg", size=(80, 60)):
    file = io.BytesIO()
    Image.new("RGB", size, "peru").save(file, "JPEG")
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")


def one_upload(file, **fields):
    fields = {"images-TOTAL_FORMS": "1", "images-0-position": "0"} | fields
    return fields | {"images-0-upload": file}


def test_a_picture_is_taken_in_with_its_description(fern, shop):
    product = make_variant(shop).product

    answer = edit(fern, product, **one_upload(photograph(), **{"images-0-alt": "A bowl"}))

    image = product.images.get()
    assert answer.status_code == 302
    assert image.alt == "A bowl"
    assert image.fallback


def test_what_is_no_picture_is_refused_with_a_reason_and_the_rest_is_saved(fern, shop):
    product = make_variant(shop).product
    trick = SimpleUploadedFile("bowl.jpg", b"<svg onload=steal()>", "image/jpeg")

    answer = edit(fern, product, title="Elm bowl", **one_upload(trick))

    product.refresh_from_db()
    said = [str(message) for message in answer.wsgi_request._messages]
    assert any("bowl.jpg" in text for text in said)
    assert product.title == "Elm bowl"
    assert not product.images.exists()


# --- counting


def test_a_count_becomes_a_movement_of_the_difference(fern, shop):
    variant = make_variant(shop, stock=5)

    submit(fern, STOCK, "changelist-form", **{"form-0-on_hand": "8"})

    assert stock_of(variant) == (8, 0)
    assert [m.delta for m in variant.stock.movements.order_by("pk")] == [5, 3]


def test_one_row_is_counted_on_its_own_page(fern, shop):
    variant = make_variant(shop, stock=5)
    inventory.reserve({variant.stock.pk: 4})
    path = reverse("seller:catalog_stockitem_change", args=[variant.stock.pk])

    refused = submit(fern, path, "stockitem_form", on_hand="3")
    assert "4 are promised" in errors_of(refused)
    assert stock_of(variant) == (5, 4)

    assert submit(fern, path, "stockitem_form", on_hand="8").status_code == 302
    assert stock_of(variant) == (8, 4)
    assert [m.delta for m in variant.stock.movements.order_by("pk")] == [5, 3]


def test_the_page_of_a_stock_says_whose_it_is(fern, shop):
    product = make_product(shop, title="Ash bowl")
    variant = make_variant(shop, product=product, sku="ASH-1", option1="Large", stock=5)

    page = fern.get(reverse("seller:catalog_stockitem_change", args=[variant.stock.pk]))

    assert "ASH-1 · Ash bowl Large" in page.content.decode()


def test_sellers_read_one_clock_everywhere(fern, shop):
    make_variant(shop, stock=5)

    page = fern.get("/seller/catalog/stockmovement/").content.decode()

    assert re.search(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d", page)
    assert not re.search(r"\b[ap]\.m\.", page)


def test_a_sale_while_somebody_counts_is_reported_and_not_forgotten(fern, shop):
    variant = make_variant(shop, stock=5)
    shown = {"form-0-on_hand": "8", "initial-form-0-on_hand": "5"}
    inventory.change(variant.stock, -2, key="sold")

    refused = submit(fern, STOCK, "changelist-form", **shown)

    page = refused.content.decode()
    assert refused.status_code == 200
    assert "Sold 2 while you edited" in page
    assert 'name="initial-form-0-on_hand" value="3"' in page
    assert stock_of(variant) == (3, 0)


def test_the_form_of_a_product_reports_it_as_well(fern, shop):
    variant = make_variant(shop, stock=5)
    inventory.change(variant.stock, -2, key="sold")

    shown = {"variants-0-on_hand": "8", "initial-variants-0-on_hand": "5"}
    answer = edit(fern, variant.product, **shown)

    assert "Sold 2 while you edited" in errors_of(answer)
    assert stock_of(variant) == (3, 0)


def test_a_form_that_leaves_the_count_alone_minds_no_sale(fern, shop):
    variant = make_variant(shop, stock=5)
    inventory.change(variant.stock, -2, key="sold")

    shown = {"variants-0-on_hand": "5", "initial-variants-0-on_hand": "5"}
    answer = edit(fern, variant.product, title="Elm bowl", **shown)

    assert answer.status_code == 302
    assert stock_of(variant) == (3, 0)


def test_what_is_promised_stays_on_the_shelf(fern, shop):
    variant = make_variant(shop, stock=5)
    inventory.reserve({variant.stock.pk: 4})

    answer = submit(fern, STOCK, "changelist-form", **{"form-0-on_hand": "3"})

    assert "4 are promised" in answer.content.decode()
    assert stock_of(variant) == (5, 4)


def test_sending_a_count_twice_counts_once(fern, shop):
    variant = make_variant(shop, stock=5)
    twice = {"form-0-on_hand": "8", "initial-form-0-on_hand": "5"}

    submit(fern, STOCK, "changelist-form", **twice)
    submit(fern, STOCK, "changelist-form", **twice)

    assert stock_of(variant) == (8, 0)


def test_counting_begins_with_a_number(fern, shop):
    variant = make_variant(shop, stock=None)

    edit(fern, variant.product, **{"variants-0-on_hand": "4"})

    assert stock_of(variant) == (4, 0)


# --- actions


def test_products_go_on_and_off_sale(fern, shop):
    product = make_variant(shop, state="draft").product

    steps = {"publish": "published", "unpublish": "draft", "archive": "archived"}
    for action, state in steps.items():
        act(fern, action, product)

        product.refresh_from_db()
        assert product.state == state


def test_a_product_with_nothing_to_sell_is_not_published(fern, shop):
    bare = make_product(shop, "Bare", state="draft")

    act(fern, "publish", bare)

    bare.refresh_from_db()
    assert bare.state == "draft"


@pytest.mark.parametrize(
    ("answer", "price", "former"),
    [
        ({"way": "percent", "percent": "10"}, 2199, 3000),
        ({"way": "percent", "percent": "-50"}, 1000, 3000),
        ({"way": "percent", "percent": "100"}, 3998, None),
        ({"way": "amount", "amount": "25"}, 2500, 3000),
    ],
)
def test_prices_change_together(fern, shop, answer, price, former):
    variant = make_variant(shop, price=1999, compare_at_minor=3000)

    act(fern, "reprice", variant.product, confirmed="1", **answer)

    variant.refresh_from_db()
    variant.product.refresh_from_db()
    assert (variant.price_minor, variant.compare_at_minor) == (price, former)
    assert variant.product.price_minor == price


def test_prices_are_asked_for_before_they_change(fern, shop):
    variant = make_variant(shop, price=2000)

    asked = act(fern, "reprice", variant.product)
    empty = act(fern, "reprice", variant.product, confirmed="1", way="percent", percent="")

    variant.refresh_from_db()
    assert "€20.00" in asked.content.decode()
    assert "Enter a number" in empty.content.decode()
    assert variant.price_minor == 2000


def test_the_export_is_safe_in_a_spreadsheet(fern, shop):
    product = make_variant(shop, "=HYPERLINK(1)", sku="-1", stock=5).product

    text = act(fern, "export_csv", product).content.decode()

    (row,) = csv.DictReader(io.StringIO(text))
    assert row["Title"] == "'=HYPERLINK(1)"
    assert (row["SKU"], row["Price"], row["On hand"]) == ("-1", "20.00", "5")


def test_products_are_found_by_sku_and_by_what_they_lack(fern, shop):
    make_variant(shop, "Oak bowl", sku="OAK-1", stock=50)
    make_variant(shop, "Elm bowl", sku="ELM-1", stock=0)
    make_variant(shop, "Ash bowl", sku="ASH-1", stock=3)

    def names(query):
        page = fern.get(f"{LIST}?{query}").content.decode()
        return {name for name in ("Oak bowl", "Elm bowl", "Ash bowl") if name in page}

    assert names("q=ELM-1") == {"Elm bowl"}
    assert names("stock=out") == {"Elm bowl"}
    assert names("stock=low") == {"Elm bowl", "Ash bowl"}
    assert names("picture=none") == {"Oak bowl", "Elm bowl", "Ash bowl"}


# --- files


FILE = """Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty
oak,Oak bowl,Title,Default Title,OAK-9,20.00,5
elm,Elm bowl,Title,Default Title,ELM-9,what?,5
"""


def hand_in(client, shop, text=FILE, name="goods.csv"):
    file = SimpleUploadedFile(name, text.encode(), "text/csv")
    fields = {"shop": shop.pk, "file": file, "format": "auto"}
    return client.post(reverse("seller:catalog_importjob_add"), fields)


@pytest.fixture
def in_the_process(django_capture_on_commit_callbacks):
    """Run what waits for the commit, as in the embedded default."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_file_is_run_dry_then_imported_then_undone(fern, shop, in_the_process):
    with in_the_process():
        answer = hand_in(fern, shop)
    dry = ImportJob.objects.get()
    page = fern.get(answer["location"]).content.decode()
    assert dry.state == ImportJob.State.DONE
    assert not Product.objects.exists()
    assert "New" in page
    assert "Variant Price" in page or "what?" in page

    with in_the_process():
        fern.post(reverse("seller:catalog_import_confirm", args=[dry.pk]))
    real = ImportJob.objects.get(is_dry_run=False)
    assert Product.objects.get().title == "Oak bowl"

    fern.post(reverse("seller:catalog_import_undo", args=[real.pk]))
    assert not Product.objects.filter(state="published").exists()


def test_errors_come_as_a_table(fern, shop, in_the_process):
    with in_the_process():
        hand_in(fern, shop)
    job = ImportJob.objects.get()

    text = fern.get(reverse("seller:catalog_import_errors", args=[job.pk])).content.decode()

    rows = list(csv.DictReader(io.StringIO(text)))
    assert any(row["Outcome"] == "Error" and row["Row"] == "3" for row in rows)


def test_a_file_that_cannot_be_read_is_refused_in_words(fern, shop):
    answer = hand_in(fern, shop, "no catalogue at all", "poem.txt")

    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not ImportJob.objects.exists()


def test_only_a_dry_run_is_confirmed(fern, shop, in_the_process):
    with in_the_process():
        hand_in(fern, shop)
        job = ImportJob.objects.get()
        ImportJob.objects.update(state=ImportJob.State.FAILED)
        fern.post(reverse("seller:catalog_import_confirm", args=[job.pk]))

    assert ImportJob.objects.count() == 1


def test_the_whole_shop_comes_out_as_a_file(fern, shop, rival):
    make_variant(shop, "Oak bowl", sku="OAK-1")
    path = reverse("seller:catalog_export")

    own = b"".join(fern.get(path, {"shop": shop.slug, "format": "shopify"})).decode()
    foreign = fern.get(path, {"shop": rival.slug})

    assert "OAK-1" in own
    assert foreign.status_code == 404


# --- the house


def test_a_category_moves_with_its_names(client, boss):
    bowls = make_category("Home", "Bowls")
    make_category("Home", "Bowls", "Oak")
    garden = make_category("Garden")
    path = reverse("admin:catalog_category_change", args=[bowls.pk])

    fields = {"treebeard_position": "first-child", "treebeard_ref_node": str(garden.pk)}
    answer = submit(client, path, "category_form", name="Dishes", **fields)

    assert answer.status_code == 302
    names = set(Category.objects.values_list("full_name", flat=True))
    assert names == {"Home", "Garden", "Garden > Dishes", "Garden > Dishes > Oak"}
    assert not Category.find_problems()[0]


def test_a_new_category_gets_its_place_and_address(client, boss):
    home = make_category("Home")
    path = reverse("admin:catalog_category_add")

    fields = {"treebeard_position": "first-child", "treebeard_ref_node": str(home.pk)}
    submit(client, path, "category_form", name="Lamps", **fields)

    lamps = Category.objects.get(name="Lamps")
    assert (lamps.full_name, lamps.slug) == ("Home > Lamps", "lamps")
    assert lamps.is_child_of(home)
    assert tree.find_or_make(["Home", "Lamps"]) == lamps


def test_a_category_deleted_leaves_a_sound_tree(client, boss):
    oak = make_category("Home", "Oak")

    client.post(reverse("admin:catalog_category_delete", args=[oak.pk]), {"post": "yes"})

    home = Category.objects.get()
    assert home.numchild == 0


def test_staff_take_a_product_off_sale_and_it_is_written_down(client, boss, shop):
    product = make_variant(shop).product

    act(client, "archive", product, path="/admin/catalog/product/")

    product.refresh_from_db()
    entry = AuditEntry.objects.get(action="catalog.product.archived")
    assert product.state == "archived"
    assert (entry.actor, entry.before) == (boss, {"state": "published"})


# --- cost


LISTS = ["catalog/product/", "catalog/stockitem/", "catalog/stockmovement/"]


@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize("site", ["seller", "admin"])
def test_a_list_costs_the_same_for_three_rows_and_twelve(
    client, shop, seller, site, page, django_assert_max_num_queries
):
    staff = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(seller if site == "seller" else staff)

    costs = []
    for numbers in (range(3), range(3, 12)):
        for number in numbers:
            make_variant(shop, f"Bowl {number}", sku=f"B-{number}", category=make_category())
        with django_assert_max_num_queries(10) as queries:
            assert client.get(f"/{site}/{page}").status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]


# --- addresses that change


def test_a_products_former_address_leads_to_its_new_one(client, boss, shop):
    bowl = make_variant(shop, "Oak bowl").product
    path = reverse("admin:catalog_product_change", args=[bowl.pk])

    submit(client, path, "product_form", slug="oak-bowl-with-lid")

    client.logout()
    answer = client.get("/p/oak-bowl/?v=1")
    assert (answer.status_code, answer["Location"]) == (301, "/p/oak-bowl-with-lid/?v=1")
    assert "no-cache" in answer["Cache-Control"]
    assert client.get("/p/oak-bowl-with-lid/").status_code == 200
    assert client.get("/api/v1/products/oak-bowl/").status_code == 404


def test_a_categorys_former_address_leads_to_its_new_one(client, boss):
    bowls = make_category("Bowls")
    path = reverse("admin:catalog_category_change", args=[bowls.pk])

    submit(client, path, "category_form", slug="dishes")

    answer = client.get("/c/bowls/")
    assert (answer.status_code, answer["Location"]) == (301, "/c/dishes/")


def test_an_address_that_is_taken_again_is_its_new_owners(client, boss, shop):
    bowl = make_variant(shop, "Oak bowl").product
    path = reverse("admin:catalog_product_change", args=[bowl.pk])
    submit(client, path, "product_form", slug="elm-bowl")

    other = make_variant(shop, "Oak bowl").product

    assert other.slug == "oak-bowl"
    assert client.get("/p/oak-bowl/").context["product"] == other


def test_an_address_taken_back_leads_round_in_no_circle(client, boss, shop):
    bowl = make_variant(shop, "Oak bowl").product
    path = reverse("admin:catalog_product_change", args=[bowl.pk])

    submit(client, path, "product_form", slug="elm-bowl")
    submit(client, path, "product_form", slug="oak-bowl")

    assert client.get("/p/oak-bowl/").status_code == 200
    assert client.get("/p/elm-bowl/")["Location"] == "/p/oak-bowl/"
    kept = FormerSlug.objects.values_list("kind", "slug", "row_id")
    assert list(kept) == [("catalog.product", "elm-bowl", bowl.pk)]


def test_an_address_of_another_product_is_refused(client, boss, shop):
    bowl, jug = make_variant(shop, "Oak bowl").product, make_variant(shop, "Jug").product
    path = reverse("admin:catalog_product_change", args=[bowl.pk])

    answer = submit(client, path, "product_form", slug=jug.slug)

    assert "slug" in answer.context["adminform"].form.errors
    bowl.refresh_from_db()
    assert bowl.slug == "oak-bowl"
    assert not FormerSlug.objects.exists()


def test_the_former_address_of_what_may_not_be_seen_tells_nothing(client, boss, shop):
    bowl = make_variant(shop, "Oak bowl").product
    path = reverse("admin:catalog_product_change", args=[bowl.pk])
    submit(client, path, "product_form", slug="elm-bowl")
    Product.objects.update(state="draft")

    client.logout()

    assert client.get("/p/oak-bowl/").status_code == 404


def test_a_page_that_is_found_is_not_looked_up_among_former_ones(client, boss, shop):
    bowl = make_variant(shop, "Oak bowl").product
    client.logout()

    with CaptureQueriesContext(connection) as found:
        client.get(bowl.get_absolute_url())
    with CaptureQueriesContext(connection) as missed:
        client.get("/p/nothing/")

    assert not [q for q in found if "core_formerslug" in q["sql"]]
    assert [q for q in missed if "core_formerslug" in q["sql"]]

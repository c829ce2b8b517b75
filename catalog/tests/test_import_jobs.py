"""Sellers' files in the database: what goes in, what a second run does, and what is refused."""

from __future__ import annotations

import csv
import io
import resource
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db.models import Sum

from accounts.tests.factories import make_user
from catalog.models import (
    Category,
    ImportJob,
    ImportRow,
    Product,
    ProductImage,
    StockItem,
    StockMovement,
    Variant,
)
from catalog.services import inventory
from catalog.services.importing import categories, jobs
from catalog.services.importing.apply import _Writer
from catalog.services.importing.errors import FileRefused
from catalog.services.importing.reports import Silence
from catalog.tests.factories import make_category, make_product, make_variant, stock_of
from catalog.tests.importing.files import mug, table
from catalog.tests.importing.test_mutations import SOUND
from catalog.tests.ledger import digest, writes
from marketflow.core import invariants
from marketflow.core.models import OutboxEvent


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes | Iterable[dict], name: str = "products.csv") -> Path:
        if not isinstance(content, str | bytes):
            content = table(*content)
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def imports(shop, file):
    """Fern's shop imports these rows."""

    def run(*rows: dict, **how) -> ImportJob:
        return jobs.run(file(rows), shop=shop, **how)

    return run


def command(*args) -> str:
    out = io.StringIO()
    call_command("import_catalog", *map(str, args), stdout=out)
    return out.getvalue()


def counted(text: str) -> str:
    """The last line of the command, which sums up."""
    return text.splitlines()[-1]


def books_are_in_order() -> bool:
    return not [finding for finding in invariants.prove() if finding.rows]


# --- real catalogues, through the command


@pytest.mark.parametrize(
    ("name", "products", "variants", "images", "skipped", "minor", "quantity", "tracked"),
    [
        ("shopify/apparel.csv", 20, 22, 20, 0, 129_500, 22, 0),
        ("shopify/jewelery.csv", 20, 23, 41, 0, 98_074, 20, 0),
        ("shopify/packt_Product-data.csv", 20, 21, 21, 0, 234_584, 65, 1),
        ("woocommerce/sample_products.csv", 16, 21, 21, 2, 65_200, 0, 0),
    ],
)
def test_a_real_catalogue_goes_in_whole_and_a_second_time_changes_nothing(
    shared_data, shop, rival, name, products, variants, images, skipped, minor, quantity, tracked
):
    first = command(shared_data / name, "--shop", shop.slug)

    assert f"{products} products, {variants} variants, {images} image references" in counted(first)
    assert f"{products} new, 0 changed, 0 unchanged; {skipped} rows skipped, 0 errors" in first
    assert Product.objects.filter(shop=shop).count() == products
    assert Variant.objects.filter(shop=shop).count() == variants
    assert ProductImage.objects.filter(product__shop=shop).count() == images
    assert Variant.objects.aggregate(sum=Sum("price_minor"))["sum"] == minor
    job = ImportJob.objects.get()
    figures = {
        name: job.counts[name] for name in ("skipped", "price_minor", "quantity", "tracked")
    }
    assert figures == {
        "skipped": skipped, "price_minor": minor, "quantity": quantity, "tracked": tracked,
    }  # fmt: skip
    assert not Product.objects.filter(shop=rival).exists()
    assert books_are_in_order()

    before = digest()
    with writes() as written:
        second = command(shared_data / name, "--shop", shop.slug)

    assert f"0 new, 0 changed, {products} unchanged" in counted(second)
    assert written == []
    assert digest() == before


def test_what_is_counted_is_on_the_shelf(shared_data, shop):
    command(shared_data / "shopify/packt_Product-data.csv", "--shop", shop.slug)

    (item,) = StockItem.objects.all()
    assert item.variant.product.handle == "grey-wheelbarrow"
    assert (item.on_hand, item.allocated) == (8, 0)
    assert list(item.movements.values_list("kind", "delta")) == [("opening", 8)]


def test_categories_and_a_hidden_product_come_along(shared_data, shop):
    command(shared_data / "woocommerce/sample_products.csv", "--shop", shop.slug)

    used = Product.objects.values_list("category__full_name", flat=True).distinct()
    assert set(used) == {
        "Clothing > Accessories", "Clothing > Hoodies", "Clothing > Tshirts", "Music",
    }  # fmt: skip
    assert Category.objects.count() == 5
    (hidden,) = Product.objects.filter(is_listed=False)
    assert hidden.handle == "woo-hoodie-with-pocket"
    assert hidden.is_published


@pytest.mark.parametrize(
    "name",
    [
        "woocommerce/sample_products.xml",
        "magento/catalog_product_men.csv",
        "spree/products.csv",
        "bagisto/products.csv",
        "bagisto/products.xml",
        "vendure/products.csv",
        "oscar/books.hacking.csv",
        "saleor/populatedb_data.json",
        "shuup/product_sample_import.csv",
        "medusa/exported-products-comma.csv",
        "malformed/csv-spectrum/csvs/quotes_and_newlines.csv",
        "images/vendure",
        "orders/online_retail_dev.csv.gz",
        "taxonomy/google_taxonomy-with-ids.en-US_2019-07-10.txt",
    ],
)
def test_a_file_of_another_kind_is_refused_and_leaves_no_trace(shared_data, shop, name):
    before = digest(with_diary=True)

    with pytest.raises(CommandError) as refusal:
        command(shared_data / name, "--shop", shop.slug)

    assert refusal.value.returncode == 1
    if name != "images/vendure":
        assert "Nothing was imported." in str(refusal.value)
    assert digest(with_diary=True) == before


@pytest.mark.parametrize(
    "name", ["shopify/jewelery.csv", "shopify/apparel.csv", "woocommerce/sample_products.csv"]
)
@pytest.mark.parametrize("part", [0.35, 0.8])
def test_a_file_cut_in_the_middle_imports_nothing(shared_data, shop, file, name, part):
    whole = (shared_data / name).read_bytes()
    cut = whole[: int(len(whole) * part)]
    before = digest(with_diary=True)

    with pytest.raises(CommandError):
        command(file(cut), "--shop", shop.slug)

    assert digest(with_diary=True) == before


def test_a_dry_run_prints_the_difference_and_writes_nothing(shared_data, shop):
    source = shared_data / "shopify/jewelery.csv"
    before = digest(with_diary=True)
    with writes() as written:
        text = command(source, "--shop", shop.slug, "--dry-run")

    assert "20 products, 23 variants, 41 image references" in counted(text)
    assert counted(text).startswith("Would import")
    assert counted(text).endswith("Nothing was written.")
    assert "+ leather-anchor" in text
    assert written == []
    assert digest(with_diary=True) == before


# --- every format, with files of our own


@pytest.mark.parametrize("name", sorted(SOUND))
def test_every_format_goes_in_twice_and_changes_nothing_the_second_time(shop, file, name):
    path = file(SOUND[name])
    first = jobs.run(path, shop=shop)
    assert first.format == name.partition("-")[0]
    assert first.counts["created"] > 0
    assert Product.objects.count() == first.counts["products"]
    assert Variant.objects.count() == first.counts["variants"]
    assert ProductImage.objects.count() == first.counts["images"]
    assert books_are_in_order()

    before = digest()
    with writes() as written:
        second = jobs.run(path, shop=shop)

    assert second.counts["unchanged"] == first.counts["products"]
    assert second.counts["created"] == second.counts["updated"] == 0
    assert written == []
    assert digest() == before


# --- what differs is written, and nothing else


def test_only_what_differs_is_written(imports):
    imports(mug(), mug(handle="bowl", title="Bowl"))
    bowl = Product.objects.get(handle="bowl")
    before = Product.objects.values().get(pk=bowl.pk)

    job = imports(mug(price="14.00", title="Big mug"), mug(handle="bowl", title="Bowl"))

    assert (job.counts["updated"], job.counts["unchanged"]) == (1, 1)
    assert Product.objects.values().get(pk=bowl.pk) == before
    changed = Product.objects.get(handle="mug")
    assert (changed.title, changed.price_minor) == ("Big mug", 1400)
    row = job.rows.get(outcome="updated")
    assert row.differences == [["title", "Mug", "Big mug"], [
        "variant price_minor", "12.50", "14.00"]]  # fmt: skip
    assert row.product == changed


def test_a_column_that_the_file_lacks_leaves_its_field_alone(imports):
    imports(mug(vendor="Fern", sku="M1", compare_at="20"))

    job = imports({"Handle": "mug", "Title": "Mug", "Variant SKU": "M1", "Variant Price": "13"})

    product = Product.objects.get()
    assert (product.brand, product.price_minor) == ("Fern", 1300)
    assert product.variants.get().compare_at_minor == 2000
    assert job.counts["updated"] == 1


def test_a_former_price_that_is_no_longer_above_goes(imports):
    imports(mug(sku="M1", compare_at="20"))

    imports({"Handle": "mug", "Title": "Mug", "Variant SKU": "M1", "Variant Price": "25"})

    assert Variant.objects.get().compare_at_minor is None


def test_what_the_file_does_not_name_stays(imports, shop):
    other = make_variant(shop, "Oak bowl", sku="OAK")
    imports(mug(name="Size", value="S"), mug(value="L", title=""))

    imports(mug(name="Size", value="S"))

    assert Variant.objects.filter(product__handle="mug", is_active=True).count() == 2
    assert stock_of(other) == (5, 0)


def test_variants_are_known_by_their_sku_and_else_by_their_options(imports):
    imports(
        mug(name="Size", value="S", sku="A"), mug(value="M", sku="B", title=""),
        mug(value="L", title=""),
    )  # fmt: skip
    ids = dict(Variant.objects.values_list("option1", "pk"))

    imports(
        mug(name="Size", value="Small", sku="A"), mug(value="m", sku="B2", title=""),
        mug(value="L", sku="C", title="", price="15"), mug(value="XL", title=""),
    )  # fmt: skip

    after = {v.pk: (v.option1, v.sku, v.price_minor) for v in Variant.objects.all()}
    assert after[ids["S"]] == ("Small", "A", 1250)
    assert after[ids["M"]] == ("m", "B2", 1250)
    assert after[ids["L"]] == ("L", "C", 1500)
    assert len(after) == 4


def test_the_only_variant_gets_its_options_later(imports):
    imports(mug())
    only = Variant.objects.get()

    imports({"Handle": "mug", "Title": "Mug", "Variant Price": "13"})

    assert list(Variant.objects.values_list("pk", "price_minor")) == [(only.pk, 1300)]


def test_an_option_nobody_has_a_value_for_is_none(imports):
    job = imports(mug(name="Size", value="S", name2="Colour", value2=""))

    assert Product.objects.get().option_names == ["Size"]
    assert job.counts["variants"] == 1


def test_a_sku_of_another_product_is_left_out_with_a_warning(imports, shop):
    make_variant(shop, "Oak bowl", sku="TAKEN")

    job = imports(mug(sku="TAKEN"))

    assert Variant.objects.get(product__handle="mug").sku == ""
    (remark,) = job.rows.filter(outcome="warning")
    assert (remark.code, remark.record, remark.column) == ("sku_taken", 2, "sku")


def test_the_same_sku_in_another_shop_is_no_matter(imports, rival):
    make_variant(rival, "Oak bowl", sku="M1")

    job = imports(mug(sku="M1"))

    assert job.counts["warnings"] == 0
    assert Variant.objects.filter(sku="M1").count() == 2


def test_another_shop_is_never_touched(file, shop, rival):
    theirs = jobs.run(file([mug(sku="M1", vendor="Rival")]), shop=rival)
    before = list(Product.objects.filter(shop=rival).values())

    jobs.run(file([mug(sku="M1", vendor="Fern") | {"shop": rival.slug}]), shop=shop)

    assert list(Product.objects.filter(shop=rival).values()) == before
    assert theirs.counts["products"] == Product.objects.filter(shop=shop).count() == 1
    slugs = set(Product.objects.values_list("slug", flat=True))
    assert slugs == {"mug", "mug-2"}


def test_a_product_made_by_hand_is_recognised_by_its_address(imports, shop):
    made = make_product(shop, "Mug")

    imports(mug())

    assert Product.objects.get() == made
    assert made.variants.count() == 1


def test_a_variant_that_was_retired_stays_retired(imports):
    imports(mug(sku="M1"))
    Variant.objects.update(is_active=False)

    job = imports(mug(sku="M1"))

    assert job.counts["unchanged"] == 1
    assert not Variant.objects.get().is_active


def test_lists_and_hearers_are_told_of_changed_products_only(imports):
    from marketflow.core.models import OutboxEvent

    imports(mug(), mug(handle="bowl", title="Bowl", price="3"))
    assert Product.objects.get(handle="bowl").price_minor == 300
    OutboxEvent.objects.all().delete()

    imports(mug(), mug(handle="bowl", title="Bowl", price="4"))

    bowl = Product.objects.get(handle="bowl")
    assert [event.payload for event in OutboxEvent.objects.all()] == [{"product_ids": [bowl.pk]}]


# --- stock


def tracked(quantity, **cells):
    return mug(tracker="shopify", quantity=quantity, sku="M1", **cells)


def test_the_first_quantity_opens_the_stock(imports):
    imports(tracked(7))

    assert stock_of(Variant.objects.get()) == (7, 0)
    assert list(StockMovement.objects.values_list("kind", "delta")) == [("opening", 7)]
    assert books_are_in_order()


def test_an_unchanged_figure_leaves_later_sales_alone(imports):
    imports(tracked(7))
    item = StockItem.objects.get()
    inventory.change(item, -3, key="sold elsewhere")

    job = imports(tracked(7))

    assert job.counts["unchanged"] == 1
    assert stock_of(item.variant) == (4, 0)


def test_a_changed_figure_is_a_correction(imports):
    imports(tracked(7))
    item = StockItem.objects.get()
    inventory.change(item, -3, key="sold elsewhere")

    job = imports(tracked(10))

    assert stock_of(item.variant) == (10, 0)
    assert StockMovement.objects.filter(kind="correction").latest("pk").delta == 6
    assert job.rows.get(outcome="updated").differences == [["M1 stock", "4", "10"]]
    assert books_are_in_order()


def test_a_figure_below_what_is_promised_is_refused_and_the_rest_goes_in(imports):
    imports(tracked(7))
    item = StockItem.objects.get()
    inventory.reserve({item.pk: 5})

    job = imports(tracked(2, vendor="Fern"))

    assert stock_of(item.variant) == (7, 5)
    assert Product.objects.get().brand == "Fern"
    (remark,) = job.rows.filter(outcome="error")
    assert remark.code == "stock_below_allocated"
    assert Variant.objects.get().imported_quantity == 7


def test_a_negative_quantity_is_none_left(imports):
    job = imports(tracked(-4))

    assert stock_of(Variant.objects.get()) == (0, 0)
    assert job.counts["warnings"] == 1


def test_an_untracked_variant_has_no_stock(imports):
    imports(mug(quantity=9, tracker=""))

    assert not StockItem.objects.exists()


def test_stock_that_begins_to_be_counted_later_is_opened(imports):
    imports(mug(sku="M1", tracker="", quantity=""))

    job = imports(tracked(4))

    assert stock_of(Variant.objects.get()) == (4, 0)
    assert job.counts["updated"] == 1


def test_stock_that_is_no_longer_counted_in_the_file_stays_counted_here(imports):
    imports(tracked(4))

    job = imports(mug(sku="M1", tracker="", quantity=""))

    assert stock_of(Variant.objects.get()) == (4, 0)
    assert job.rows.get(outcome="warning").code == "still_tracked"


# --- categories


@pytest.mark.parametrize("written", ["Home > Bowls", "home > BOWLS", "Bowls"])
def test_a_category_is_found_by_path_or_by_a_name_only_it_has(imports, written):
    known = make_category("Home", "Bowls")

    imports(mug(type=written))

    assert Product.objects.get().category == known
    assert Category.objects.count() == 2


def test_a_name_that_two_categories_have_makes_one_of_its_own(imports):
    make_category("Home", "Bowls")
    make_category("Garden", "Bowls")

    imports(mug(type="Bowls"))

    assert Product.objects.get().category.full_name == "Bowls"


def test_a_known_parent_gets_the_new_child(imports):
    make_category("Home")

    imports(mug(type="HOME > Mugs"))

    assert Product.objects.get().category.full_name == "Home > Mugs"
    assert Category.objects.filter(depth=1).count() == 1


def test_a_seller_adds_no_category_to_the_market(imports, seller):
    known = make_category("Home")

    job = imports(mug(title="Mug", type="Pots"), started_by=seller)

    assert [row.code for row in job.rows.filter(outcome="warning")] == ["unknown_category"]
    assert Product.objects.get().category is None
    assert list(Category.objects.all()) == [known]


def test_a_file_makes_only_so_many_categories(imports, monkeypatch):
    monkeypatch.setattr(categories, "MOST_NEW", 2)

    job = imports(*(mug(handle=f"m{n}", type=f"Kind {n}") for n in range(4)))

    assert Category.objects.count() == 2
    assert job.counts["created"] == 4
    assert [row.code for row in job.rows.filter(outcome="warning")] == ["unknown_category"] * 2


# --- pictures


def test_pictures_wait_where_they_are_and_are_not_fetched(imports):
    imports(
        mug(image="https://pictures.example/1.jpg", alt="A mug", position=1),
        mug(title="", price="", image="https://pictures.example/2.jpg", position=2),
    )

    images = ProductImage.objects.order_by("position")
    assert [(i.source_url[-5:], i.alt, i.state, i.is_shown) for i in images] == [
        ("1.jpg", "A mug", "remote", False),
        ("2.jpg", "", "remote", False),
    ]


def test_a_second_file_adds_and_moves_pictures_and_keeps_the_others(imports, shop):
    imports(mug(image="https://pictures.example/1.jpg"))
    ProductImage.objects.update(alt="Written by the shop")

    job = imports(
        mug(image="https://pictures.example/2.jpg"),
        mug(title="", price="", image="https://pictures.example/1.jpg"),
    )

    positions = dict(ProductImage.objects.values_list("source_url", "position"))
    assert sorted(positions, key=positions.get) == [
        "https://pictures.example/2.jpg",
        "https://pictures.example/1.jpg",
    ]
    assert ProductImage.objects.get(position=1).alt == "Written by the shop"
    assert job.counts["updated"] == 1


def test_a_variant_gets_its_picture(imports):
    imports(
        mug(image="https://pictures.example/1.jpg", variant_image="https://pictures.example/9.jpg")
    )

    assert Variant.objects.get().image.source_url == "https://pictures.example/9.jpg"
    assert ProductImage.objects.count() == 2


# --- bad rows, bad files


def test_one_bad_row_never_costs_the_others(imports):
    job = imports(
        mug(), mug(handle="dear", price="a fortune"), mug(handle="bowl", title="Bowl"),
        mug(handle="", title=""),
    )  # fmt: skip

    assert set(Product.objects.values_list("handle", flat=True)) == {"mug", "bowl"}
    assert job.state == "done"
    assert sorted(job.rows.filter(outcome="error").values_list("record", flat=True)) == [3, 5]


def test_a_product_the_database_refuses_costs_only_itself(imports, monkeypatch):
    from django.db import IntegrityError

    real = _Writer._create_variants

    def create_variants(writer, product, images):
        if product.handle == "bad":
            raise IntegrityError("somebody was faster\nDETAIL: secrets")
        real(writer, product, images)

    monkeypatch.setattr(_Writer, "_create_variants", create_variants)
    job = imports(mug(), mug(handle="bad"), mug(handle="bowl", title="Bowl"))

    assert set(Product.objects.values_list("handle", flat=True)) == {"mug", "bowl"}
    (remark,) = job.rows.filter(outcome="error")
    assert (remark.code, remark.handle) == ("not_written", "bad")
    assert "secrets" not in remark.message


def test_a_bug_stops_the_run_loudly_and_says_so_on_the_job(imports, monkeypatch):
    def boom(*args):
        raise ZeroDivisionError

    monkeypatch.setattr("catalog.services.importing.apply._Writer.write", boom)
    with pytest.raises(ZeroDivisionError):
        imports(mug())

    job = ImportJob.objects.get()
    assert (job.state, job.failure) == ("failed", "The import stopped unexpectedly.")
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00\x01\x02", b"PK\x03\x04" + bytes(50), b"a,b,c\n1,2,3\n",
        b"<!doctype html><title>Sign in</title>", b'Handle,Title,Variant Price\nmug,"Mug,12.50\n',
        "Handle;Title\nmug".encode("utf-16")[:-1],
    ],
)  # fmt: skip
def test_a_broken_file_ends_with_a_message_and_nothing_half_done(shop, file, content):
    before = digest(with_diary=True)

    with pytest.raises(CommandError) as refusal:
        command(file(content), "--shop", shop.slug)

    assert refusal.value.returncode == 1
    assert "Nothing was imported." in str(refusal.value)
    assert digest(with_diary=True) == before


def test_a_break_at_the_very_end_of_a_long_file_leaves_nothing_either(shop, file):
    rows = [mug(handle=f"mug-{n}") for n in range(500)]
    content = table(*rows) + 'mug-500,"Mug'

    with pytest.raises(CommandError):
        command(file(content), "--shop", shop.slug)

    assert not Product.objects.exists()
    assert not ImportJob.objects.exists()


def test_a_file_of_which_nothing_can_be_used_is_no_success(shop, file):
    with pytest.raises(CommandError, match="Nothing of the file"):
        command(file([mug(price="a fortune")]), "--shop", shop.slug)


def test_the_command_names_what_it_does_not_know(shop, file, tmp_path):
    with pytest.raises(CommandError, match="no shop"):
        command(file([mug()]), "--shop", "nobody")
    with pytest.raises(CommandError, match="no file"):
        command(tmp_path / "missing.csv", "--shop", shop.slug)
    with pytest.raises(CommandError, match="can't be written"):
        command(file([mug()]), "--shop", shop.slug, "--errors", tmp_path / "no" / "folder.csv")
    assert not Product.objects.exists()


def test_remarks_are_written_to_a_file_that_no_spreadsheet_executes(shop, file, tmp_path):
    out = tmp_path / "errors.csv"
    formula = "=1+cmd|' /C calc'!A0"
    path = file(
        [mug(), mug(handle="x", price="dear"), tracked(-1, handle=formula, title="@SUM(1)")]
    )

    text = command(path, "--shop", shop.slug, "--errors", out)

    assert "line 3, row 3: error" in text
    header, *rows = csv.reader(out.read_text("utf-8-sig").splitlines())
    assert header[:3] == ["row", "line", "severity"]
    assert [row[:4] for row in rows] == [
        ["3", "3", "error", ""],
        ["4", "4", "warning", f"'{formula}"],
    ]
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row
    )


def test_what_is_printed_moves_no_cursor(shop, file):
    text = command(file([mug(title="Mug \x1b[2J\u202e", handle="m\u202eug")]), "--shop", shop.slug,
                   "--dry-run")  # fmt: skip

    assert "\x1b" not in text
    assert "\u202e" not in text


def test_descriptions_are_cleaned_on_the_way_in(imports):
    imports(mug(body='<p onclick="x()">Big<script>alert(1)</script></p>'))

    assert Product.objects.get().description == "<p>Big</p>"


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_batches_make_no_difference(shop, file, monkeypatch, batch):
    monkeypatch.setattr(jobs, "PRODUCTS_PER_BATCH", batch)

    job = jobs.run(file([mug(handle=f"mug-{n}", type="Mugs") for n in range(7)]), shop=shop)

    assert job.counts["created"] == Product.objects.count() == 7
    assert job.rows.filter(outcome="created").count() == 7
    assert Category.objects.count() == 1
    assert job.records_read == job.counts["rows"] == 7


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc: memory not measured")
def test_ten_thousand_rows_take_no_more_memory_than_they_should(shop, file):
    rows = 10_000

    def lines():
        yield "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Body (HTML)\r\n"
        for n in range(rows):
            first = n % 20 == 0
            title, name, body = ("Mug", "Size", "x" * 2000) if first else ("", "", "")
            yield f"mug-{n // 20},{title},{name},{n % 20},S{n},12.50,{body}\r\n"

    sizes: list[int] = []

    class Watcher(Silence):
        def progress(self, done, total):
            sizes.append(_memory())

    job = jobs.run(file("".join(lines())), shop=shop, listener=Watcher())

    assert job.counts["rows"] == job.counts["variants"] == rows
    assert Variant.objects.count() == rows
    assert len(sizes) == rows // 20 // jobs.PRODUCTS_PER_BATCH
    assert max(sizes) - sizes[0] < 10_000_000


def _memory() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


# --- jobs of pages


@pytest.fixture
def upload(media_root):
    def make(*rows: dict, name="products.csv") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, table(*rows).encode())

    return make


def test_a_dry_run_on_a_page_lists_what_would_happen_and_then_happens(
    shop, upload, django_capture_on_commit_callbacks
):
    fern = make_user("fern")
    with django_capture_on_commit_callbacks(execute=True):
        trial = jobs.accept(
            shop=shop, file=upload(mug(), mug(handle="x", price="?")), started_by=fern
        )

    trial.refresh_from_db()
    assert (trial.state, trial.is_dry_run, trial.counts["created"]) == ("done", True, 1)
    assert set(trial.rows.values_list("outcome", flat=True)) == {"created", "error"}
    assert str(trial) == "products.csv (Dry run, nothing changed)"
    assert not Product.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.confirm(trial, started_by=fern)

    job.refresh_from_db()
    assert str(job) == "products.csv (Done)"
    assert (job.state, job.started_by, job.file_name) == ("done", fern, "products.csv")
    assert Product.objects.get().handle == "mug"


def test_a_page_refuses_a_bad_file_before_anything_is_kept(shop, upload, media_root, monkeypatch):
    fern = make_user("fern")
    monkeypatch.setattr(jobs, "MOST_ROWS_ON_PAGE", 2)
    for bad in (
        SimpleUploadedFile("x.csv", b"a,b\n1,2\n"),
        upload(mug(), mug(handle="b"), mug(handle="c")),
    ):
        with pytest.raises(FileRefused):
            jobs.accept(shop=shop, file=bad, started_by=fern)

    assert not ImportJob.objects.exists()
    assert not list(media_root.rglob("*"))


def test_a_job_is_run_once_however_often_its_task_comes(shop, upload):
    job = jobs.accept(shop=shop, file=upload(mug()), started_by=make_user("fern"), dry_run=False)

    assert jobs.run_job(job.pk)
    assert not jobs.run_job(job.pk)
    assert Product.objects.count() == 1


def test_the_sweep_runs_what_no_worker_was_told_of_and_ends_what_was_lost(shop, upload):
    from datetime import timedelta

    from django.utils.timezone import now

    from catalog.tasks import run_waiting_imports

    lost = ImportJob.objects.create(
        shop=shop, file_name="x", state="running", created_at=now() - timedelta(hours=1)
    )
    young = ImportJob.objects.create(shop=shop, file_name="y", state="running")
    waiting = jobs.accept(shop=shop, file=upload(mug()), started_by=make_user("fern"))

    assert run_waiting_imports() == 1

    states = dict(ImportJob.objects.values_list("pk", "state"))
    assert states == {lost.pk: "failed", young.pk: "running", waiting.pk: "done"}


def test_a_shop_sees_its_own_jobs_only(shop, rival, imports):
    imports(mug())

    assert ImportRow.objects.managed_by(make_user("fern")).count() == 1
    assert not ImportRow.objects.managed_by(make_user("rita")).exists()
    assert not ImportJob.objects.managed_by(make_user("rita")).exists()


def test_what_an_import_puts_on_sale_is_said_once_and_of_all_at_once(imports, shop):
    rows = [mug(handle=f"mug-{number}", sku=f"M{number}") for number in range(3)]
    imports(*rows)
    imports(*[row | {"price": "19.00"} for row in rows])

    [event] = OutboxEvent.objects.filter(name="catalog.ProductsPublished")
    assert event.payload["shop_id"] == shop.pk
    assert sorted(event.payload["product_ids"]) == sorted(
        Product.objects.values_list("pk", flat=True)
    )

"""A shop's file, out and in again."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_shop
from catalog.models import Product, ProductAttribute, ProductImage, Variant
from catalog.services import drafting, listing, pictures
from catalog.services.importing import jobs
from catalog.tests.factories import make_category, make_product, make_variant
from catalog.tests.importing.test_mutations import SOUND
from catalog.tests.ledger import digest, writes
from catalog.tests.pictures import picture

FORMATS = ["shopify", "marketflow"]


def export(shop, format: str) -> str:
    out, err = io.StringIO(newline=""), io.StringIO()
    call_command("export_catalog", "--shop", shop.slug, "--format", format, stdout=out, stderr=err)
    assert err.getvalue().splitlines()[-1].startswith("Exported ")
    return out.getvalue()


def take_in(shop, text: str, tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode())
    return jobs.run(path, shop=shop)


def goods(shop) -> list[tuple]:
    """Everything that a shop's products are, without what only this market gives them."""
    found = []
    for product in Product.objects.filter(shop=shop).select_related("category").order_by("pk"):
        variants = product.variants.filter(is_active=True).select_related("stock", "image")
        found.append(
            (
                product.handle or product.slug, product.title, product.description, product.brand,
                str(product.category), product.tags, product.condition, product.tax_class,
                product.state, product.is_listed, product.option_names, product.seo_title,
                product.seo_description, product.price_minor, product.keywords,
                list(product.attributes.values_list("name", "value")),
                [drafting.address_of(image) for image in product.images.all()],
                list(product.images.values_list("alt", flat=True)),
                [
                    (
                        v.sku, v.option_values, v.price_minor, v.compare_at_minor, v.currency,
                        v.weight_grams, v.barcode, v.needs_shipping,
                        v.stock_item.on_hand if v.stock_item else None,
                        drafting.address_of(v.image) if v.image else "",
                    )
                    for v in variants
                ],
            )
        )  # fmt: skip
    return found


@pytest.fixture
def full_shop(shop):
    """One product of every kind."""
    lamp = make_product(
        shop,
        "=Lamp, “big”",
        handle="lamp",
        description="<p>Line one</p>\n<p>a, b; “c”</p>",
        brand="+Fern",
        category=make_category("Home", "Lamps & Light"),
        tags=["new, old", "-warm", "ü"],
        condition="refurbished",
        tax_class="reduced",
        option1_name="Colour",
        option2_name="Size",
        seo_title="@lamp",
        seo_description="A lamp.",
    )
    for position, (colour, size) in enumerate([("Red", "S"), ("Red", "L"), ("Blue", "S")]):
        make_variant(
            shop, product=lamp, option1=colour, option2=size, sku=f"L-{position}",
            price=1999 + position, compare_at_minor=2999, weight_grams=500,
            barcode="4006381333931", stock=position, position=position,
        )  # fmt: skip
    for position, (name, value) in enumerate([("Material", "Oak: solid"), ("Material", "Tin")]):
        ProductAttribute.objects.create(product=lamp, name=name, value=value, position=position)
    first, second = (
        ProductImage.objects.create(
            product=lamp, source_url=f"https://pictures.example/{n}.jpg?a=1,2", position=n,
            state="remote", alt=f"View {n}",
        )
        for n in (0, 1)
    )  # fmt: skip
    Variant.objects.filter(product=lamp, option1="Blue").update(image=second)
    make_variant(shop, "Download", stock=None, needs_shipping=False)
    make_variant(shop, "Draft", state="draft")
    make_variant(shop, "Gone", state="archived")
    hidden = make_variant(shop, "Hidden").product
    Product.objects.filter(pk=hidden.pk).update(is_listed=False, tax_class="zero")
    listing.refresh(Product.objects.filter(shop=shop))
    return shop


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_imports_back_and_changes_nothing(full_shop, tmp_path, format):
    text = export(full_shop, format)
    first = take_in(full_shop, text, tmp_path)
    assert (first.counts["unchanged"], first.counts["errors"]) == (5, 0), list(
        first.rows.exclude(outcome="unchanged").values()
    )

    before = digest()
    with writes() as written:
        take_in(full_shop, text, tmp_path)

    assert written == []
    assert digest() == before


def test_a_first_import_of_an_export_only_remembers_its_quantities(full_shop, tmp_path):
    before = digest(leaving_out=("imported_quantity",))

    take_in(full_shop, export(full_shop, "marketflow"), tmp_path)

    assert digest(leaving_out=("imported_quantity",)) == before


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_makes_the_same_products_in_another_shop(full_shop, tmp_path, format):
    other = make_shop("Other", members=["otto"])

    job = take_in(other, export(full_shop, format), tmp_path)

    assert job.counts["created"] == 5
    assert goods(other) == goods(full_shop)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", sorted(SOUND))
def test_what_came_in_from_any_platform_goes_out_and_in_again(shop, tmp_path, name, format):
    path = tmp_path / "original"
    path.write_bytes(SOUND[name])
    jobs.run(path, shop=shop)
    other = make_shop("Other", members=["otto"])

    text = export(shop, format)
    assert take_in(shop, text, tmp_path).counts["updated"] == 0
    take_in(other, text, tmp_path)

    assert goods(other) == goods(shop)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        "shopify/apparel.csv",
        "shopify/jewelery.csv",
        "shopify/packt_Product-data.csv",
        "woocommerce/sample_products.csv",
    ],
)
def test_real_catalogues_go_out_and_in_again(shared_data, shop, tmp_path, name, format):
    jobs.run(shared_data / name, shop=shop)
    other = make_shop("Other", members=["otto"])

    text = export(shop, format)
    same = take_in(shop, text, tmp_path)
    take_in(other, text, tmp_path)

    assert same.counts["updated"] == same.counts["created"] == 0
    assert goods(other) == goods(shop)


@pytest.mark.parametrize("format", FORMATS)
def test_no_cell_is_executed_by_a_spreadsheet(full_shop, format):
    rows = list(csv.reader(io.StringIO(export(full_shop, format), newline="")))

    cells = [cell for row in rows for cell in row]
    assert "'=Lamp, “big”" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))]


def test_an_upload_is_named_by_its_address_and_found_again(shop, media_root, settings, tmp_path):
    settings.SITE_URL = "https://market.example"
    product = make_variant(shop, "Oak bowl").product
    upload = SimpleUploadedFile("x.jpg", picture())
    image = pictures.add_picture(product=product, file=upload, alt="A bowl")

    text = export(shop, "marketflow")
    assert f"https://market.example/media/pictures/{image.uuid}/300.jpg" in text

    assert take_in(shop, text, tmp_path).counts["unchanged"] == 1
    assert list(product.images.all()) == [image]


def test_a_picture_of_another_shop_s_upload_is_not_taken_over(
    shop, rival, media_root, settings, tmp_path
):
    settings.SITE_URL = "https://market.example"
    product = make_variant(shop, "Oak bowl").product
    image = pictures.add_picture(product=product, file=SimpleUploadedFile("x.jpg", picture()))

    take_in(rival, export(shop, "marketflow"), tmp_path)

    image.refresh_from_db()
    assert image.product == product
    (theirs,) = ProductImage.objects.filter(product__shop=rival)
    assert (theirs.state, theirs.source_url) == (
        "remote",
        f"https://market.example{image.fallback_url}",
    )


def test_what_is_no_longer_sold_is_left_out_and_said_so(shop):
    gone = make_variant(shop, "Gone")
    Variant.objects.filter(pk=gone.pk).update(is_active=False)
    make_variant(shop, "Bowl")
    err = io.StringIO()

    call_command("export_catalog", "--shop", shop.slug, stdout=io.StringIO(), stderr=err)

    assert err.getvalue().splitlines() == [
        "1 products that have nothing for sale were left out.",
        "Exported 1 products in 1 rows (marketflow).",
    ]


def test_a_retired_variant_is_not_in_it(shop):
    bowl = make_variant(shop, "Bowl", sku="SOLD").product
    make_variant(shop, product=bowl, sku="RETIRED", is_active=False, option1="Old")

    text = export(shop, "marketflow")

    assert "SOLD" in text
    assert "RETIRED" not in text


def test_another_shop_s_products_are_not_in_it(shop, rival):
    make_variant(shop, "Oak bowl")
    make_variant(rival, "Rival bowl")

    assert "Rival" not in export(shop, "marketflow")


def test_an_unknown_shop_is_named(db):
    with pytest.raises(CommandError, match="no shop"):
        call_command("export_catalog", "--shop", "nobody")


def test_an_export_costs_the_same_queries_for_one_product_and_for_many(
    shop, django_assert_num_queries
):
    make_variant(shop, "Bowl 0")
    with django_assert_num_queries(4):
        list(drafting.drafts_of(shop))
    for number in range(1, 6):
        make_variant(shop, f"Bowl {number}")
    with django_assert_num_queries(4):
        list(drafting.drafts_of(shop))

"""The counts and control sums of real catalogues, worked out from the files by hand."""

from __future__ import annotations

import csv
import json

import pytest

from catalog.services.importing.drafts import Status
from catalog.services.importing.errors import FileRefused, ForeignFormat, UnknownFormat
from catalog.services.importing.rows import Table
from catalog.tests.importing.files import read

# Without a header, in a language of their own, or for another platform.
FOREIGN = {
    "woocommerce/sample_products.xml": "WordPress (WXR)",
    "magento/catalog_product_men.csv": "Magento",
    "magento/attributes.csv": "Magento",
    "magento/categories.csv": "Magento",
    "magento/products_reviews.csv": "Magento",
    "bagisto/products.csv": "Bagisto",
    "bagisto/products.xml": "Bagisto",
    "spree/products.csv": "Spree",
    "medusa/exported-products-comma.csv": "Medusa",
    "vendure/products.csv": "Vendure",
    "vendure/initial-data.json": "Vendure",
    "oscar/books.hacking.csv": "Oscar",
    "oscar/books.essential.csv": "Oscar",
    "oscar/child_products.json": "Oscar",
    "saleor/populatedb_data.json": "Saleor",
    "shuup/product_sample_import.csv": "Shuup",
}
SPECTRUM = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "location_coordinates",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


def counts(found):
    return len(found.products), len(found.variants), len(found.images), found.records("skipped")


def options(found):
    return {product.key: product.options for product in found.products if product.options}


def test_apparel_has_twenty_products_and_one_with_sizes(shared_data):
    found = read(shared_data / "shopify/apparel.csv", currency="USD")

    assert counts(found) == (20, 22, 20, [])
    assert found.issues == []
    assert found.total("price_minor") == 129_500
    assert found.total("quantity") == 22
    assert not any(variant.tracked for variant in found.variants)
    assert not any(variant.compare_at_minor for variant in found.variants)
    assert options(found) == {"classic-varsity-top": ("Size",)}
    (top,) = (product for product in found.products if product.options)
    assert top.records == (3, 4, 5)
    assert len(top.variants) == 3


def test_jewelery_has_pictures_in_rows_of_their_own(shared_data):
    found = read(shared_data / "shopify/jewelery.csv", currency="USD")

    assert counts(found) == (20, 23, 41, [])
    assert found.issues == []
    assert found.total("price_minor") == 98_074
    assert found.total("quantity") == 20
    assert not any(variant.tracked for variant in found.variants)
    assert sum(variant.compare_at_minor is not None for variant in found.variants) == 17
    assert options(found) == {
        "chain-bracelet": ("Color",),
        "leather-anchor": ("Color",),
        "gemstone": ("Colour",),
    }
    assert sum(bool(variant.image_url) for variant in found.variants) == 6
    assert len({image.url for image in found.images}) == 39
    assert any("\u2028" in product.description_html for product in found.products)


def test_the_garden_shop_tracks_one_product(shared_data):
    found = read(shared_data / "shopify/packt_Product-data.csv", currency="USD")

    assert counts(found) == (20, 21, 21, [])
    assert found.issues == []
    assert found.total("price_minor") == 234_584
    assert found.total("quantity") == 65
    tracked = [variant for variant in found.variants if variant.tracked]
    assert [variant.quantity for variant in tracked] == [8]
    assert sum(variant.compare_at_minor is not None for variant in found.variants) == 16
    assert options(found) == {"gardening-gloves": ("Color",)}
    (gloves,) = (product for product in found.products if product.options)
    assert {variant.price_minor for variant in gloves.variants} == {999, 1599}
    assert all(product.status == Status.PUBLISHED for product in found.products)


def test_woocommerce_samples_come_in_without_the_grouped_and_the_external(shared_data):
    found = read(shared_data / "woocommerce/sample_products.csv", currency="USD")

    assert counts(found) == (16, 21, 21, [24, 25])
    assert found.codes == ["grouped", "external"]
    assert found.total("price_minor") == 65_200
    assert sum(v.compare_at_minor or v.price_minor for v in found.variants) == 68_200
    assert sum(variant.compare_at_minor is not None for variant in found.variants) == 7
    assert not any(variant.tracked for variant in found.variants)
    assert sum(not variant.requires_shipping for variant in found.variants) == 2
    assert {path for product in found.products for path in product.categories} == {
        ("Clothing", "Accessories"),
        ("Clothing", "Hoodies"),
        ("Clothing", "Tshirts"),
        ("Music",),
    }
    assert [p.key for p in found.products if not p.listed] == ["woo-hoodie-with-pocket"]
    sizes = {product.key: len(product.variants) for product in found.products if product.options}
    assert sizes == {"woo-vneck-tee": 3, "woo-hoodie": 4}
    tee = next(product for product in found.products if product.key == "woo-vneck-tee")
    assert {variant.options for variant in tee.variants} == {
        ("Red", ""),
        ("Green", ""),
        ("Blue", ""),
    }


@pytest.mark.parametrize(
    "name",
    [
        "shopify/apparel.csv",
        "shopify/jewelery.csv",
        "shopify/packt_Product-data.csv",
        "woocommerce/sample_products.csv",
    ],
)
def test_a_second_reading_gives_the_same_products(shared_data, name):
    once = read(shared_data / name)

    assert read(shared_data / name).products == once.products
    assert [p for p in once.catalogue if p in once.products] == once.products


@pytest.mark.parametrize(("name", "platform"), FOREIGN.items())
def test_other_platforms_are_refused_by_name_with_the_formats_that_work(
    shared_data, name, platform
):
    with pytest.raises(ForeignFormat) as refused:
        read(shared_data / name)

    assert refused.value.facts["platform"] == platform
    for known in (platform, "Shopify", "WooCommerce", "Etsy", "Google", "MarketFlow"):
        assert known in str(refused.value.message)


@pytest.mark.parametrize("format", ["shopify", "woocommerce", "etsy", "google", "marketflow"])
def test_naming_a_wrong_format_does_not_help_a_foreign_file(shared_data, format):
    with pytest.raises(FileRefused):
        read(shared_data / "magento/catalog_product_men.csv", format=format)


@pytest.mark.parametrize("name", SPECTRUM)
def test_the_reader_agrees_with_the_csv_spectrum(shared_data, name):
    folder = shared_data / "malformed/csv-spectrum"
    expected = json.loads((folder / f"json/{name}.json").read_text(encoding="utf-8"))

    read_table = Table(folder / f"csvs/{name}.csv")
    rows = [
        dict(zip(read_table.header, r.cells, strict=True)) for r in list(read_table.records())[1:]
    ]

    if name == "location_coordinates":  # Its JSON is one row, with another phone number.
        expected = [expected]
        for row in [*rows, *expected]:
            del row["Contact Phone Number"]
    assert rows == expected
    with pytest.raises(UnknownFormat):
        read(folder / f"csvs/{name}.csv")


def test_every_real_shopify_row_is_counted_once(shared_data):
    for path in sorted((shared_data / "shopify").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = len(list(csv.reader(file)))
        records = [record for product in read(path).products for record in product.records]
        assert sorted(records) == list(range(2, rows + 1))

from __future__ import annotations

import pytest

from catalog.services.importing.drafts import Condition, Status, TaxClass
from catalog.services.importing.errors import UnknownFormat
from catalog.services.importing.marketflow_columns import COLUMNS, TABLE
from catalog.tests.importing.files import table

PICTURE = "https://pictures.example/{}.jpg"


def row(**cells):
    return dict.fromkeys(COLUMNS, "") | {"handle": "mug"} | cells


def test_every_column_is_read(seller):
    found = seller.imports(
        table(
            row(
                title="Mug",
                description_html="<p>Big</p>",
                brand="Fern",
                categories="Home > Kitchen\nGifts",
                google_category="2169",
                tags=r"blue, a\,b",
                status="draft",
                listed="no",
                tax_class="reduced",
                condition="used",
                attributes="Material: Clay\nMaterial: Glaze\nA\\: b: c",
                seo_title="Mugs",
                seo_description="All mugs",
                images=f"{PICTURE.format(1)}\n{PICTURE.format(2)}",
                image_alts="\nFrom above",
                option1_name="Size",
                option1_value="L",
                sku="M-L",
                barcode="'0123",
                price="12.50",
                compare_at_price="15",
                currency="eur",
                tracked="yes",
                quantity="3",
                weight_grams="300",
                requires_shipping="no",
                variant_image=PICTURE.format(2),
            ),
            row(option1_value="S", price="10", tracked="no"),
        )
    )

    assert found.catalogue.format == "marketflow"
    assert found.issues == []
    product = found.product
    assert product.categories == (("Home", "Kitchen"), ("Gifts",))
    assert product.google_category == 2169
    assert product.tags == ("blue", "a,b")
    assert (product.status, product.listed) == (Status.DRAFT, False)
    assert (product.tax_class, product.condition) == (TaxClass.REDUCED, Condition.USED)
    assert product.attributes == (("Material", "Clay"), ("Material", "Glaze"), ("A: b", "c"))
    assert (product.seo_title, product.seo_description) == ("Mugs", "All mugs")
    assert [image.alt for image in product.images] == ["", "From above"]
    large, small = product.variants
    assert (large.sku, large.barcode, large.options) == ("M-L", "0123", ("L",))
    assert (large.price_minor, large.compare_at_minor) == (1250, 1500)
    assert (large.tracked, large.quantity, large.weight_grams) == (True, 3, 300)
    assert (large.requires_shipping, large.image_url) == (False, PICTURE.format(2))
    assert (small.options, small.tracked, small.quantity) == (("S",), False, None)


def test_every_column_is_explained():
    first_of_a_kind = [name for name in TABLE if not name.startswith(("option2", "option3"))]

    assert all(TABLE[name][1] for name in first_of_a_kind)


def test_every_field_a_full_file_speaks_of_is_known(seller):
    found = seller.imports(table(row(title="Mug", price="5")))

    assert {field for field, _meaning in TABLE.values() if field} == found.catalogue.fields


def test_an_unknown_state_makes_nothing_public(seller):
    found = seller.imports(table(row(title="Mug", price="5", status="live")))

    assert found.product.status == Status.DRAFT
    assert found.codes == ["unknown_word"]


def test_another_currency_is_an_error(seller):
    found = seller.imports(table(row(title="Mug", price="5", currency="USD")))

    assert found.codes == ["foreign_currency"]


def test_all_that_is_wrong_with_a_row_is_told_at_once(seller):
    found = seller.imports(table(row(title="", price="dear", currency="USD", quantity="many")))

    assert found.codes == ["foreign_currency", "bad_price", "bad_quantity", "no_title"]
    assert {issue.record for issue in found.issues} == {2}
    assert found.products == []


def test_a_column_that_is_not_ours_is_named(seller):
    found = seller.imports(table(row(title="Mug", price="5") | {"shop": "rival"}))

    assert found.codes == ["unknown_columns"]
    assert found.issues[0].record == 1


def test_a_format_must_exist(seller):
    with pytest.raises(UnknownFormat):
        seller.imports(table(row(title="Mug", price="5")), format="excel")

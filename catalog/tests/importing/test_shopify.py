from __future__ import annotations

import pytest

from catalog.services.importing.drafts import ImageDraft, Status, TaxClass
from catalog.tests.importing.files import mug, shopify, table

PICTURE = "https://pictures.example/mug-{}.jpg"


def test_rows_of_one_handle_are_one_product(seller):
    found = seller.imports(
        table(
            mug(name="Size", value="S", sku="MUG-S", image=PICTURE.format(1), position=2),
            shopify(
                handle="mug", value="L", sku="MUG-L", price="14", variant_image=PICTURE.format(3)
            ),
            shopify(handle="mug", image=PICTURE.format(2), position=1, alt="From above"),
        )
    )

    assert found.product.options == ("Size",)
    assert [(v.options, v.price_minor) for v in found.variants] == [(("S",), 1250), (("L",), 1400)]
    assert found.product.images == (
        ImageDraft(PICTURE.format(2), "From above"),
        ImageDraft(PICTURE.format(1)),
        ImageDraft(PICTURE.format(3)),
    )
    assert found.issues == []


def test_a_handle_that_comes_back_later_is_the_same_product(seller):
    found = seller.imports(
        table(
            mug(name="Size", value="S"),
            mug(handle="bowl", title="Bowl"),
            shopify(handle="mug", value="L", price="14"),
            mug(handle="cup", title="Cup"),
        )
    )

    assert {p.key: p.records for p in found.products} == {
        "mug": (2, 4),
        "bowl": (3,),
        "cup": (5,),
    }


def test_default_title_is_no_option(seller):
    found = seller.imports(table(mug(name="Title", value="Default Title")))

    assert found.product.options == ()
    assert found.variants[0].options == ()


def test_a_repeated_sku_stays_with_the_first(seller):
    found = seller.imports(table(mug(sku="A"), mug(handle="b", sku="A"), mug(handle="c", sku="a")))

    assert [variant.sku for variant in found.variants] == ["A", "", "a"]
    assert [(issue.record, issue.code) for issue in found.issues] == [(3, "repeated_sku")]


@pytest.mark.parametrize(
    ("tracker", "quantity", "expected"),
    [
        ("shopify", "7", (True, 7)),
        ("shopify", "0", (True, 0)),
        ("shopify", "-3", (True, 0)),
        ("", "7", (False, 7)),
        ("shopify", "", (False, None)),
        ("shopify", "2.5", (True, 2)),
    ],
)
def test_stock_needs_a_tracker_and_a_quantity(seller, tracker, quantity, expected):
    found = seller.imports(table(mug(tracker=tracker, quantity=quantity)))

    (variant,) = found.variants
    assert (variant.tracked, variant.quantity) == expected


def test_a_negative_quantity_is_reported(seller):
    assert seller.imports(table(mug(tracker="shopify", quantity="-3"))).codes == [
        "negative_quantity"
    ]


def test_a_shop_with_several_places_keeps_its_stock_elsewhere(seller):
    (variant,) = seller.imports(table(mug(tracker="shopify"))).variants

    assert (variant.tracked, variant.quantity) == (True, None)


@pytest.mark.parametrize(
    ("former", "kept"), [("15", 1500), ("12.50", None), ("10", None), ("0", None), ("", None)]
)
def test_a_former_price_must_be_above_the_price(seller, former, kept):
    assert seller.imports(table(mug(compare_at=former))).variants[0].compare_at_minor == kept


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("12", 1200),
        ("1,299.50", 129_950),
        ("1.299,50", 129_950),
        ("12,50 €", 1250),
        ("EUR 12.50", 1250),
        ("1 299,00", 129_900),
        ("0", 0),
    ],
)
def test_prices_are_read_in_every_spelling(seller, written, minor):
    found = seller.imports(table(mug(price=written)))

    assert found.variants[0].price_minor == minor
    assert found.issues == []


def test_all_that_is_wrong_with_a_row_is_told_at_once(seller):
    found = seller.imports(table(mug(title="", price="dear", quantity="many")))

    assert found.codes == ["bad_price", "bad_quantity", "no_title"]
    assert found.products == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("dear", "bad_price"),
        ("", "no_variant"),
        ("-5", "negative_price"),
        ("$5", "foreign_currency"),
        ("5 USD", "foreign_currency"),
        ("5 to 10", "bad_price"),
        ("1e9", "bad_price"),
        ("99999999999999999999", "bad_price"),
    ],
)
def test_a_row_without_a_fair_price_costs_only_itself(seller, written, code):
    found = seller.imports(table(mug(price=written), mug(handle="b")))

    assert [product.key for product in found.products] == ["b"]
    assert [(i.record, i.code, i.severity) for i in found.issues] == [(2, code, "error")]


def test_too_many_decimals_are_rounded_half_up_and_said(seller):
    found = seller.imports(table(mug(price="12.345")))
    assert found.variants[0].price_minor == 1_234_500  # Three decimals are thousands …
    assert found.codes == ["thousands"]

    found = seller.imports(table(mug(price="12.3450")))
    assert found.variants[0].price_minor == 1235
    assert found.codes == ["rounded_price"]


def test_a_bad_variant_leaves_the_others(seller):
    found = seller.imports(
        table(mug(name="Size", value="S"), shopify(handle="mug", value="L", price="dear"))
    )

    assert [variant.options for variant in found.variants] == [("S",)]
    assert found.product.issues[0].record == 3


def test_the_same_choice_twice_is_an_error(seller):
    found = seller.imports(
        table(mug(name="Size", value="S"), shopify(handle="mug", value="s", price="14"))
    )

    assert len(found.variants) == 1
    assert found.codes == ["repeated_variant"]


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("TRUE", "active", Status.PUBLISHED),
        ("false", "active", Status.DRAFT),
        ("true", "draft", Status.DRAFT),
        ("true", "archived", Status.ARCHIVED),
        ("", "", Status.PUBLISHED),
    ],
)
def test_on_sale_means_published_and_active(seller, published, status, expected):
    found = seller.imports(table(mug(published=published, status=status)))

    assert found.product.status == expected


def test_html_is_cleaned_on_the_way_in(seller):
    body = '<p onclick="x()">Good<script>alert(1)</script> <a href="https://a.example">mug</a></p>'

    found = seller.imports(table(mug(body=body)))

    assert found.product.description_html == (
        '<p>Good <a href="https://a.example" rel="nofollow ugc">mug</a></p>'
    )


def test_plain_text_keeps_its_lines(seller):
    found = seller.imports(table(mug(body="One\ntwo\n\nthree & four")))

    assert found.product.description_html == "<p>One<br>two</p>\n<p>three &amp; four</p>"


@pytest.mark.parametrize(
    ("written", "grams"), [("0.0", None), ("28", 28), ("28.5", 29), ("28,4", 28), ("", None)]
)
def test_grams_are_whole(seller, written, grams):
    assert seller.imports(table(mug(grams=written))).variants[0].weight_grams == grams


def test_an_apostrophe_guards_barcodes_and_formulas(seller):
    found = seller.imports(table(mug(barcode="'0012345678905", title="'=Mug")))

    assert found.variants[0].barcode == "0012345678905"
    assert found.product.title == "=Mug"


def test_a_shortened_barcode_is_left_out(seller):
    found = seller.imports(table(mug(barcode="4.01E+12")))

    assert found.variants[0].barcode == ""
    assert found.codes == ["shortened_code"]


@pytest.mark.parametrize(
    "address", ["mug.jpg", "ftp://a/b.jpg", "javascript:x", "data:image/png,x"]
)
def test_a_picture_needs_an_address_on_the_web(seller, address):
    found = seller.imports(table(mug(image=address)))

    assert found.product.images == ()
    assert found.codes == ["bad_image"]


def test_gift_cards_are_skipped_with_a_reason(seller):
    found = seller.imports(table(mug(gift="true"), mug(handle="b")))

    assert [product.key for product in found.products] == ["b"]
    assert found.records("skipped") == [2]


def test_untaxed_goods_have_no_tax(seller):
    assert seller.imports(table(mug(taxable="FALSE"))).product.tax_class == TaxClass.ZERO


def test_market_columns_and_costs_are_ignored(seller):
    row = mug() | {"Price / Canada": "99", "Included / Canada": "true", "Cost per item": "3"}

    assert seller.imports(table(row)).variants[0].price_minor == 1250


def test_metafields_are_facts(seller):
    row = mug() | {
        "Fabric (product.metafields.custom.fabric)": "Linen",
        "Color (product.metafields.shopify.color-pattern)": "red",
    }

    assert seller.imports(table(row)).product.attributes == (("Fabric", "Linen"),)


def test_the_newer_template_is_read_as_well(seller):
    row = {
        "Title": "Mug",
        "URL handle": "mug",
        "Description": "Big",
        "Vendor": "Fern",
        "Published on online store": "true",
        "Status": "Active",
        "SKU": "M",
        "Price": "5",
        "Inventory tracker": "shopify",
        "Inventory quantity": "4",
        "Weight value (grams)": "300",
        "Product image URL": PICTURE.format(1),
    }

    found = seller.imports(table(row))

    (variant,) = found.variants
    assert (variant.sku, variant.quantity, variant.weight_grams) == ("M", 4, 300)
    assert len(found.images) == 1


def test_a_file_of_few_columns_says_which_fields_it_speaks_of(seller):
    found = seller.imports(table(shopify(handle="mug", sku="A", quantity="4")), format="shopify")

    assert found.catalogue.fields == {"sku", "quantity"}
    assert found.variants[0].price_minor is None
    assert (found.variants[0].tracked, found.variants[0].quantity) == (True, 4)


def test_handles_in_other_scripts_keep_their_key(seller):
    product = seller.imports(table(mug(handle="マグカップ"))).product

    assert (product.key, product.slug) == ("マグカップ", "mug")


def test_a_row_without_handle_and_title_is_an_error(seller):
    found = seller.imports(table(shopify(handle="", title="", price="5"), mug(tags="a")))

    assert [product.key for product in found.products] == ["mug"]
    assert [(issue.record, issue.code) for issue in found.issues] == [(2, "no_handle")]

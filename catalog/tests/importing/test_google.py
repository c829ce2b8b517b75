from __future__ import annotations

import tracemalloc

import pytest

from catalog.services.importing.drafts import Condition
from catalog.services.importing.errors import (
    FileTooLarge,
    TruncatedFile,
    UnknownFormat,
    UnreadableFile,
)
from catalog.services.importing.limits import Limits
from catalog.tests.importing.files import table

NAMESPACE = "http://base.google.com/ns/1.0"
PICTURE = "https://pictures.example/{}.jpg"


def item(**cells):
    usual = {
        "id": "M-1",
        "title": "Mug",
        "description": "Big & blue",
        "link": "https://shop.example/mug",
        "image_link": PICTURE.format(1),
        "availability": "in_stock",
        "price": "12.50 EUR",
    }
    return usual | cells


def escaped(value):
    return str(value).replace("&", "&amp;").replace("<", "&lt;")


def rss(*items, extra=""):
    def one(cells):
        return "".join(
            f"<g:{name}>{escaped(value)}</g:{name}>"
            for name, values in cells.items()
            for value in (values if isinstance(values, list) else [values])
        )

    inside = "".join(f"<item>{one(cells)}{extra}</item>" for cells in items)
    return (
        f'<?xml version="1.0"?><rss xmlns:g="{NAMESPACE}" version="2.0"><channel>'
        f"<title>Fern</title><link>https://shop.example</link>{inside}</channel></rss>"
    )


def atom(*items):
    def one(cells):
        return "".join(f"<g:{n}>{escaped(v)}</g:{n}>" for n, v in cells.items() if n != "title")

    entries = "".join(f"<entry><title>{i['title']}</title>{one(i)}</entry>" for i in items)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="{NAMESPACE}">{entries}</feed>'


def tsv(*items):
    return table(*items, delimiter="\t")


@pytest.mark.parametrize("form", [rss, atom, tsv])
def test_an_item_is_a_product_in_every_form(seller, form):
    cells = item(
        gtin="4012345678901",
        brand="Fern",
        condition="used",
        google_product_category="2169",
        product_type="Kitchen > Mugs",
        shipping_weight="0.3 kg",
        mpn="X1",
        color="Blue",
    )

    found = seller.imports(form(cells))

    assert found.catalogue.format == "google"
    product = found.product
    assert (product.key, product.title, product.brand) == ("M-1", "Mug", "Fern")
    assert product.description_html == "<p>Big &amp; blue</p>"
    assert product.google_category == 2169
    assert product.categories == (("Kitchen", "Mugs"),)
    assert product.condition == Condition.USED
    assert product.attributes == (("Colour", "Blue"), ("MPN", "X1"))
    (variant,) = product.variants
    assert (variant.sku, variant.price_minor, variant.barcode, variant.weight_grams) == (
        "M-1",
        1250,
        "4012345678901",
        300,
    )
    assert not variant.tracked
    assert found.issues == []


@pytest.mark.parametrize("form", [rss, tsv])
def test_a_group_makes_variants_of_what_differs(seller, form):
    shared = {"item_group_id": "TEE", "material": "Linen", "gender": "unisex"}
    found = seller.imports(
        form(
            item(id="T-1", title="Tee", color="Red", size="S", **shared),
            item(id="M-1", color="", size=""),
            item(id="T-2", color="Red", size="M", image_link=PICTURE.format(2), **shared),
        )
    )

    tee = next(product for product in found.products if product.key == "TEE")
    assert tee.options == ("Size",)
    assert [variant.options for variant in tee.variants] == [("S",), ("M",)]
    assert set(tee.attributes) == {
        ("Colour", "Red"),
        ("Material", "Linen"),
        ("Gender", "unisex"),
    }
    assert [variant.image_url for variant in tee.variants] == [PICTURE.format(n) for n in (1, 2)]
    assert tee.records == (2, 4)


def test_items_that_nothing_tells_apart_are_reported(seller):
    found = seller.imports(
        rss(item(id="1", item_group_id="G"), item(id="2", item_group_id="G"), item(id="3"))
    )

    assert [(issue.record, issue.code) for issue in found.issues] == [(3, "repeated_variant")]


def test_all_that_is_wrong_with_an_item_is_told_at_once(seller):
    found = seller.imports(tsv(item(title="", price="dear", quantity="many")))

    assert found.codes == ["bad_price", "bad_quantity", "no_title"]
    assert found.products == []


def test_the_same_id_twice_is_an_error(seller):
    found = seller.imports(rss(item(), item(price="1 EUR")))

    assert [variant.price_minor for variant in found.variants] == [1250]
    assert found.codes == ["repeated_id"]


@pytest.mark.parametrize("form", [rss, tsv])
def test_more_pictures_come_repeated_or_joined(seller, form):
    more = [PICTURE.format(2), PICTURE.format(3)]
    cells = item(additional_image_link=more if form is rss else ",".join(more))

    found = seller.imports(form(cells))

    assert [image.url for image in found.images] == [PICTURE.format(n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("sale", "dates", "payable"),
    [
        ("10 EUR", "", 1000),
        ("12.50 EUR", "", 1250),
        ("20.00 EUR", "", 1250),
        ("10 EUR", "2026-05-01T00:00+0200/2026-05-31T23:59+0200", 1000),
        ("10 EUR", "2026-06-01T00:00Z/2026-06-30T00:00Z", 1250),
        ("10 EUR", "in June", 1250),
        ("10 USD", "", 1250),
    ],
)
def test_a_sale_price_must_be_lower_and_on(seller, sale, dates, payable):
    (variant,) = seller.imports(
        tsv(item(sale_price=sale, sale_price_effective_date=dates))
    ).variants

    assert variant.price_minor == payable
    assert variant.compare_at_minor == (1250 if payable == 1000 else None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("in stock", (False, None)),
        ("In_Stock", (False, None)),
        ("out of stock", (True, 0)),
        ("out_of_stock", (True, 0)),
        ("preorder", (True, 0)),
        ("backorder", (True, 0)),
        ("perhaps", (True, 0)),
    ],
)
def test_availability_is_written_in_many_ways(seller, written, expected):
    (variant,) = seller.imports(tsv(item(availability=written))).variants

    assert (variant.tracked, variant.quantity) == expected


def test_a_category_may_be_a_path(seller):
    found = seller.imports(rss(item(google_product_category="Home & Garden > Kitchen")))

    assert found.product.google_category is None
    assert found.product.categories == (("Home & Garden", "Kitchen"),)


def test_nested_shipping_is_not_an_items_price(seller):
    shipping = "<g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>"

    found = seller.imports(rss(item(), extra=shipping))

    assert found.variants[0].price_minor == 1250


def test_another_currency_is_an_error_of_the_item(seller):
    found = seller.imports(rss(item(id="1", price="5 USD"), item(id="2")))

    assert [product.key for product in found.products] == ["2"]
    assert [(issue.record, issue.code) for issue in found.issues] == [(2, "foreign_currency")]


def test_a_feed_cut_in_the_middle_fails_as_a_whole(seller):
    content = rss(item(id="1"), item(id="2"), item(id="3"))

    with pytest.raises(TruncatedFile) as refused:
        seller.imports(content[: content.index("M-1") if "M-1" in content else -200])

    assert "record 4" in str(refused.value.message)


@pytest.mark.parametrize(
    "content",
    [
        rss(item()).replace(
            "<rss", '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss', 1
        ),
        rss(item()).replace(
            "<rss", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss', 1
        ),
        rss(item()).replace("</g:id>", "</g:id"),
        rss(item()).replace('version="1.0"?', 'version="1.0" encoding="klingon"?'),
    ],
)
def test_hostile_and_broken_xml_is_refused(seller, content):
    with pytest.raises(UnreadableFile):
        seller.imports(content)


def test_caps_hold_for_xml(seller):
    deep = rss(item()).replace("<item>", "<item>" + "<x>" * 30 + "</x>" * 30, 1)

    with pytest.raises(FileTooLarge):
        seller.imports(deep)
    with pytest.raises(FileTooLarge):
        seller.imports(rss(*(item(id=n) for n in range(20))), limits=Limits(records=10))
    with pytest.raises(FileTooLarge):
        seller.imports(rss(item(description="x" * 5000)), limits=Limits(record_chars=4000))


def test_a_long_text_in_a_feed_does_not_fill_the_memory(seller):
    path = seller.writes(rss(item(description="x" * 40_000_000)), name="feed.xml")
    content = path.read_bytes()
    tracemalloc.start()

    with pytest.raises(FileTooLarge):
        seller.imports(content)

    assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
    tracemalloc.stop()


def test_a_feed_is_read_in_utf_16(seller):
    content = rss(item(title="Käse")).replace('version="1.0"?', 'version="1.0" encoding="UTF-16"?')

    assert seller.imports(content, encoding="utf-16").product.title == "Käse"


def test_xml_that_is_no_product_feed_is_refused(seller):
    with pytest.raises(UnknownFormat):
        seller.imports("<rss><channel><item><title>News</title></item></channel></rss>")
    with pytest.raises(UnknownFormat):
        seller.imports(rss(item()), format="shopify")

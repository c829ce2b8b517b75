"""Whatever happens to a file on its way: it is read, or refused in one of the ways we promise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.services.exporting import marketflow_lines, shopify_lines
from catalog.services.importing.drafts import ProductDraft, RowIssue
from catalog.services.importing.errors import FileRefused
from catalog.services.importing.formats import FORMATS
from catalog.tests.importing.files import Seller, read, table
from catalog.tests.importing.test_etsy import listing
from catalog.tests.importing.test_exporting import FULL
from catalog.tests.importing.test_google import item, rss, tsv
from catalog.tests.importing.test_woocommerce import child, parent, row

SOUND = {
    "shopify": "".join(shopify_lines([FULL, FULL])).encode(),
    "marketflow": "".join(marketflow_lines([FULL])).encode(),
    "woocommerce": table(
        parent(id=1, name1="Size", value1="S, M", images="https://a.example/1.jpg"),
        row(sku="mug", sale="9", starts="2026-05-01", stock=3, kg="0.5", description="<b>Ü</b>"),
        child(name1="Size", value1="S", stock="parent"),
    ).encode(),
    "etsy": table(listing(), listing(TITLE="Bowl")).encode(),
    "google": rss(item(color="Red", item_group_id="G"), item(id="2", item_group_id="G")).encode(),
    "google-tsv": tsv(item(sale_price="9 EUR"), item(id="2")).encode("utf-16"),
}
HARM = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b"'", b",", b";", b"\t", b"\r", b"\n",
    b"\r\n", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"-", b"1e999", b"NaN", b"9" * 40, b"=1+1",
    b"<", b"</", b"]]>", b"&x;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"https://", b"\\", b"\\n",
    b"Handle", b"?", b"\xd9\xa3", b"\xc2\xb2",
]  # fmt: skip


@st.composite
def mutations(draw):
    """A sound file with a few bytes cut, doubled, swapped or put in."""
    content = SOUND[draw(st.sampled_from(sorted(SOUND)))]
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 40))
        harm = draw(st.sampled_from(HARM) | st.binary(max_size=6))
        piece = content[start : start + length]
        content = draw(
            st.sampled_from(
                [
                    content[:start] + harm + content[start:],
                    content[:start] + harm + content[start + length :],
                    content[:start] + piece * 3 + content[start:],
                    content[:start],
                    content[:start] + piece[::-1] + content[start + length :],
                ]
            )
        )
    return content


def is_whole(product):
    """What everybody who takes a draft relies on."""
    prices = [v.price_minor for v in product.variants if v.price_minor is not None]
    quantities = [v.quantity for v in product.variants if v.quantity is not None]
    choices = {variant.options for variant in product.variants}
    return (
        product.key
        and product.variants
        and len(choices) == len(product.variants)
        and all(len(choice) == len(product.options) for choice in choices)
        and len(product.options) <= 3
        and all(0 <= price <= 10**12 for price in prices)
        and all(0 <= quantity <= 10**9 for quantity in quantities)
        and all(image.url.startswith(("http://", "https://", "HTTP")) for image in product.images)
        and "\x00" not in repr(product)
    )


@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=mutations(), format=st.sampled_from(["auto", *FORMATS]))
def test_no_file_breaks_the_reader(tmp_path, content, format):
    path = Seller(tmp_path).writes(content)

    try:
        found = read(path, format=format)
    except FileRefused as refused:
        assert str(refused.message)
        return

    assert all(is_whole(product) for product in found.products)
    assert len({product.key for product in found.products}) == len(found.products)
    skus = [variant.sku for variant in found.variants if variant.sku]
    assert len(set(skus)) == len(skus)
    assert all(isinstance(each, ProductDraft | RowIssue) for each in found.catalogue)
    assert read(path, format=format).products == found.products


@pytest.mark.parametrize("name", SOUND)
def test_the_files_are_sound_before_they_are_harmed(tmp_path, name):
    assert read(Seller(tmp_path).writes(SOUND[name])).products

"""What goes out as CSV comes back as the same products, and no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.services.exporting import marketflow_lines, shopify_lines
from catalog.services.importing.drafts import (
    Condition,
    ImageDraft,
    ProductDraft,
    Status,
    TaxClass,
    VariantDraft,
)
from catalog.tests.importing.files import read

FORMATS = {"shopify": shopify_lines, "marketflow": marketflow_lines}
PICTURES = [f"https://pictures.example/{n}.jpg?a=1&b=2" for n in range(3)]
NASTY = "=1+1 '=2 +a -b @c 'd \"e\" f;g,h i\\j: k é ß 茶"


def draft(**facts):
    usual = {
        "key": "mug",
        "records": (2,),
        "title": "Mug",
        "slug": "mug",
        "variants": (VariantDraft(record=2, price_minor=1250, currency="EUR"),),
    }
    return ProductDraft(**(usual | facts))


FULL = draft(
    title=f"={NASTY}",
    description_html="<p>Big &amp; blue<br>two</p>\n<ul><li>one</li></ul>",
    brand="@Fern, Käthe",
    categories=(("Home & Garden", "Kitchen"), ("Gifts",)),
    google_category=2169,
    tags=("a,b", "c\\", "=d"),
    status=Status.ARCHIVED,
    listed=False,
    tax_class=TaxClass.REDUCED,
    condition=Condition.USED,
    options=("Size", "-Fit"),
    attributes=(("Material", "Clay: red"), ("Material", "Glaze"), ("A: b\\", "-c\\")),
    variants=(
        VariantDraft(
            record=2,
            options=("=S", ""),
            sku="+A",
            barcode="0012",
            price_minor=1250,
            compare_at_minor=1500,
            currency="EUR",
            tracked=True,
            quantity=0,
            weight_grams=300,
            requires_shipping=False,
            image_url=PICTURES[1],
        ),
        VariantDraft(record=3, options=("L", "wide"), price_minor=0, currency="EUR"),
    ),
    images=(
        ImageDraft(PICTURES[0], "-From above"),
        ImageDraft(PICTURES[1]),
        ImageDraft(PICTURES[2]),
    ),
    seo_title="=SUM(A1)",
    seo_description="'quoted'",
)


def there_and_back(folder, drafts, format, currency="EUR"):
    path = folder / "export.csv"
    path.write_text("".join(FORMATS[format](drafts)), encoding="utf-8", newline="")
    found = read(path, currency=currency)
    assert found.catalogue.format == format
    return found


def plain(product):
    """The product without the places its rows stand in."""
    variants = tuple(replace(variant, record=0) for variant in product.variants)
    return replace(product, records=(), variants=variants)


@pytest.mark.parametrize("format", FORMATS)
def test_products_come_back_as_they_were(tmp_path, format):
    drafts = [FULL, draft(key="bowl", slug="bowl", title="Bowl"), draft(key="c", slug="c")]

    found = there_and_back(tmp_path, drafts, format)

    assert [plain(product) for product in found.products] == [plain(each) for each in drafts]
    assert found.issues == []


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("currency", "price"), [("JPY", 1250), ("KWD", 12500), ("EUR", 12500)])
def test_prices_come_back_in_every_currency(tmp_path, format, currency, price):
    variant = VariantDraft(record=2, price_minor=price, currency=currency)

    found = there_and_back(tmp_path, [draft(variants=(variant,))], format, currency)

    assert found.total("price_minor") == price


@pytest.mark.parametrize("format", FORMATS)
def test_no_cell_is_a_formula(format):
    content = "".join(FORMATS[format]([FULL]))

    for row in csv.reader(io.StringIO(content, newline="")):
        for cell in row:
            assert cell[:1] not in tuple("=+@\t\r\n\x00") + ("-",) or cell.isdecimal()


@pytest.mark.parametrize("format", FORMATS)
def test_exporting_streams(format):
    def endless():
        while True:
            yield draft()

    lines = FORMATS[format](endless())

    assert len([next(lines) for _ in range(100)]) == 100


def test_real_files_survive_both_formats(shared_data, tmp_path):
    for path in sorted(shared_data.glob("shopify/*.csv")):
        drafts = read(path).products
        for format in FORMATS:
            found = there_and_back(tmp_path, drafts, format)
            assert [plain(p) for p in found.products] == [plain(each) for each in drafts]


WORDS = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]),
        min_size=1,
        max_size=20,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    title=WORDS,
    tags=st.lists(WORDS, unique=True, max_size=3),
    facts=st.lists(st.tuples(WORDS, WORDS), unique=True, max_size=3),
    sku=WORDS,
    format=st.sampled_from(sorted(FORMATS)),
)
def test_any_words_come_back(tmp_path, title, tags, facts, sku, format):
    product = draft(title=title, tags=tuple(tags), attributes=tuple(facts))
    product = replace(product, variants=(replace(product.variants[0], sku=sku.lstrip("'")),))

    (found,) = there_and_back(tmp_path, [product], format).products

    assert found.title == title
    assert found.tags == tuple(tags)
    assert found.attributes == tuple(facts)
    assert found.variants[0].sku == sku.lstrip("'")

"""Products whose rows stand apart, and products without end."""

from __future__ import annotations

import tracemalloc

from catalog.services.importing.grouping import Groups
from catalog.services.importing.limits import MAX_IMAGES, Limits
from catalog.services.importing.rows import Row
from catalog.tests.importing.files import mug, shopify, table


def gathered(keys):
    rows = [(key, Row(number, number, {"key": key})) for number, key in enumerate(keys, 2)]
    groups = Groups()
    for key, row in rows:
        groups.note(key, row.record)
    return [(key, [row.record for row in found]) for key, found in groups.gather(iter(rows))]


def test_rows_come_together_when_the_last_of_them_was_read():
    assert gathered("aabba") == [("b", [4, 5]), ("a", [2, 3, 6])]
    assert gathered("abcabc") == [("a", [2, 5]), ("b", [3, 6]), ("c", [4, 7])]
    assert gathered("abc") == [("a", [2]), ("b", [3]), ("c", [4])]
    assert gathered("") == []


def test_waiting_rows_do_not_wait_in_memory():
    text = "x" * 10_000
    order = [*range(3_000), *range(3_000)]

    def rows():
        return ((str(n), Row(at, at, {"text": f"{n}{text}"})) for at, n in enumerate(order))

    groups = Groups()
    for key, row in rows():
        groups.note(key, row.record)
    tracemalloc.start()

    found = sum(len(each) for _key, each in groups.gather(rows()))

    assert found == 6_000
    assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    tracemalloc.stop()


def test_a_product_without_end_keeps_its_first_rows(seller):
    rows = [mug(name="Size", value="0")]
    rows += [shopify(handle="mug", value=str(n), price="5") for n in range(1, 30)]
    rows += [mug(handle="bowl")]

    found = seller.imports(table(*rows), limits=Limits(rows_per_product=10))

    assert [len(product.variants) for product in found.products] == [10, 1]
    assert found.codes == ["too_many_rows"]


def test_a_gallery_without_end_keeps_its_first_pictures(seller):
    pictures = [f"https://a.example/{n}.jpg" for n in range(MAX_IMAGES + 5)]
    rows = [mug(image=pictures[0], variant_image=pictures[-1])]
    rows += [shopify(handle="mug", image=picture) for picture in pictures[1:-1]]

    found = seller.imports(table(*rows))

    assert len(found.product.images) == MAX_IMAGES
    assert found.variants[0].image_url == ""
    assert found.codes == ["too_many_images"]

"""Encodings, delimiters, ragged rows, broken ends, caps."""

from __future__ import annotations

import codecs
import tracemalloc

import pytest

from catalog.services.importing.errors import (
    FileTooLarge,
    TruncatedFile,
    UnknownFormat,
    UnreadableFile,
)
from catalog.services.importing.limits import Limits
from catalog.tests.importing.files import mug, table

UMLAUTS = table(mug(title="Tässchen für Öl", vendor="Käthe"), mug(handle="b", title="Ñandú"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_letters_survive_every_encoding(seller, encoding):
    found = seller.imports(UMLAUTS, encoding=encoding)

    assert [product.title for product in found.products] == ["Tässchen für Öl", "Ñandú"]
    assert found.issues == []


def test_big_endian_utf_16_is_read_with_and_without_its_mark(seller):
    marked = codecs.BOM_UTF16_BE + UMLAUTS.encode("utf-16-be")

    assert seller.imports(marked).products == seller.imports(UMLAUTS).products
    assert (
        seller.imports(UMLAUTS, encoding="utf-16-be").products == seller.imports(marked).products
    )


def test_a_few_bad_bytes_do_not_make_a_utf_8_file_windows_1252(seller):
    content = UMLAUTS.encode().replace(b"Mug", b"") + b"c,Tee\xff,,,5,\n"

    found = seller.imports(content)

    assert found.products[0].title == "Tässchen für Öl"
    assert found.codes == ["unreadable_letters"]


def test_text_encoded_twice_is_repaired(seller):
    twice = "Café für Öl".encode().decode("cp1252")

    found = seller.imports(table(mug(title=twice), mug(handle="b", title="Ã la carte")))

    assert [product.title for product in found.products] == ["Café für Öl", "Ã la carte"]
    assert [(issue.record, issue.code) for issue in found.issues] == [(2, "encoded_twice")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(seller, delimiter):
    found = seller.imports(table(mug(title="Red, blue; and\tgreen"), delimiter=delimiter))

    assert found.product.title == "Red, blue; and green"


def test_a_line_that_names_the_delimiter_is_obeyed(seller):
    found = seller.imports("sep=;\r\n" + table(mug(), delimiter=";"))

    assert found.product.records == (3,)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(seller, end):
    content = table(mug(), mug(handle="b")).replace("\r\n", end)

    assert len(seller.imports(content).products) == 2


def test_line_breaks_in_a_cell_move_the_line_and_not_the_record(seller):
    content = table(mug(body="one\ntwo\nthree"), mug(handle="b", price="dear"))

    found = seller.imports(content)

    assert [(issue.record, issue.line) for issue in found.issues] == [(3, 5)]


def test_a_line_separator_is_a_letter(seller):
    found = seller.imports(table(mug(body="one\u2028two\x85three"), mug(handle="b")))

    assert len(found.products) == 2


def test_ragged_rows_are_reported_and_the_others_go_in(seller):
    content = table(mug(), mug(handle="b")).replace("\r\n", "\n")
    content += "short,Short\nlong,Long,,,5,,,,\nfar,Far,,,5,,,x,y\n"

    found = seller.imports(content)

    assert [product.key for product in found.products] == ["mug", "b", "long"]
    assert [(i.record, i.code, i.severity) for i in found.issues] == [
        (4, "ragged_row", "error"),
        (6, "ragged_row", "error"),
    ]


def test_blank_rows_say_nothing(seller):
    content = table(mug()) + "\r\n,,,,\r\n" + "b,Bowl,,,5\r\n"

    found = seller.imports(content)

    assert [product.records for product in found.products] == [(2,), (5,)]
    assert found.issues == []


@pytest.mark.parametrize("cut", range(3, 45, 3))
def test_a_file_cut_inside_its_last_record_fails_as_a_whole(seller, cut):
    content = table(mug(), mug(handle="bowl", title="A bowl, blue", body="two\nlines", price="5"))
    last = content.index("bowl")

    broken = content[: last + cut]

    if len(content) - len(broken) <= len("5\r\n"):
        return
    with pytest.raises(TruncatedFile) as refused:
        seller.imports(broken)
    assert "ends in the middle of record 3" in str(refused.value.message)


def test_an_open_quote_far_from_the_end_fails_as_a_whole(seller):
    content = table(mug(), *(mug(handle=f"m{n}") for n in range(50)))

    with pytest.raises(TruncatedFile) as refused:
        seller.imports(content.replace("m20,Mug", 'm20,"Mug'))

    assert refused.value.facts["record"] == 23


def test_nothing_comes_out_before_the_end_has_been_seen(seller):
    catalogue = seller.imports(table(mug())).catalogue
    seller.writes(table(mug(), mug(handle="b")) + '"open')

    with pytest.raises(TruncatedFile):
        list(type(catalogue)(catalogue.source, catalogue.parser, currency="EUR", now=None))


def test_zero_bytes_are_taken_out_and_reported(seller):
    found = seller.imports(table(mug(title="M\x00ug")))

    assert found.product.title == "Mug"
    assert found.codes == ["zero_bytes"]


def test_a_huge_cell_is_left_out_and_the_product_stays(seller):
    found = seller.imports(table(mug(body="x" * 600_000)))

    assert found.product.description_html == ""
    assert found.codes == ["cell_too_long"]


@pytest.mark.parametrize(
    ("content", "limits"),
    [
        (table(mug()) * 2, Limits(file_bytes=10)),
        (table(*(mug(handle=f"m{n}") for n in range(20))), Limits(records=10)),
        (",".join(f"c{n}" for n in range(100)), Limits(columns=50)),
        (table(mug(body='"' * 3000)), Limits(record_chars=1000)),
    ],
)
def test_each_cap_refuses_the_file(seller, content, limits):
    with pytest.raises(FileTooLarge):
        seller.imports(content, limits=limits)


def test_a_million_columns_cost_no_gigabyte(seller):
    content = b"," * 30_000_000
    tracemalloc.start()

    with pytest.raises(FileTooLarge):
        seller.imports(content)

    assert tracemalloc.get_traced_memory()[1] < 120 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"%PDF-1.7\n", "PDF"),
        (b"SQLite format 3\x00", "database"),
        (b"", "empty"),
        (b"\xef\xbb\xbf  \r\n", "empty"),
        (b",,,\r\na,b,c,d\r\n", "name the columns"),
        (b"<!DOCTYPE html><html><title>Sign in</title>", "web page"),
    ],
)
def test_what_is_no_table_is_refused_in_plain_words(seller, start, word):
    with pytest.raises(UnreadableFile) as refused:
        seller.imports(start)

    assert word in str(refused.value.message)


def test_an_unknown_header_is_answered_with_the_formats_that_work(seller):
    with pytest.raises(UnknownFormat) as refused:
        seller.imports("colour,flavour\nred,sweet\n")

    assert "colour, flavour" in str(refused.value.message)
    assert "WooCommerce" in str(refused.value.message)

from __future__ import annotations

import pytest

from catalog.services.importing.drafts import Status
from catalog.services.importing.errors import UnknownFormat
from catalog.tests.importing.files import table

PICTURE = "https://pictures.example/{}.jpg"


def listing(**cells):
    usual = {
        "TITLE": "Linen apron",
        "DESCRIPTION": "Soft.\nWashable &amp; light.\n\nMade to order.",
        "PRICE": "34.00",
        "CURRENCY_CODE": "EUR",
        "QUANTITY": "5",
        "TAGS": "kitchen_apron,linen",
        "MATERIALS": "linen,cotton_thread",
        "IMAGE1": PICTURE.format(1),
        "IMAGE2": PICTURE.format(2),
        "IMAGE10": PICTURE.format(10),
        "VARIATION 1 TYPE": "",
        "VARIATION 1 NAME": "",
        "VARIATION 1 VALUES": "",
        "SKU": "",
    }
    return usual | cells


def test_a_listing_is_one_product_with_one_variant(seller):
    found = seller.imports(table(listing(SKU="AP-1")))

    assert found.catalogue.format == "etsy"
    product = found.product
    assert (product.key, product.title, product.status) == (
        "AP-1",
        "Linen apron",
        Status.PUBLISHED,
    )
    assert product.description_html == (
        "<p>Soft.<br>Washable &amp; light.</p>\n<p>Made to order.</p>"
    )
    assert product.tags == ("kitchen apron", "linen")
    assert product.attributes == (("Material", "linen"), ("Material", "cotton thread"))
    assert [image.url for image in product.images] == [PICTURE.format(n) for n in (1, 2, 10)]
    (variant,) = product.variants
    assert (variant.sku, variant.price_minor, variant.tracked, variant.quantity) == (
        "AP-1",
        3400,
        True,
        5,
    )
    assert found.issues == []


def test_choices_become_facts_and_the_listing_a_draft(seller):
    row = listing(SKU="A-S,A-M,A-L") | {
        "VARIATION 1 TYPE": "Size",
        "VARIATION 1 NAME": "Size",
        "VARIATION 1 VALUES": "S,M,L",
    }

    found = seller.imports(table(row))

    assert found.product.status == Status.DRAFT
    assert found.product.options == ()
    assert [value for name, value in found.product.attributes if name == "Size"] == ["S", "M", "L"]
    (variant,) = found.variants
    assert (variant.sku, variant.quantity) == ("", 5)
    assert found.codes == ["choices_not_in_file"]


def test_all_that_is_wrong_with_a_listing_is_told_at_once(seller):
    wrong = listing(TITLE="", PRICE="dear", QUANTITY="many") | {"VARIATION 1 VALUES": "S,M"}
    found = seller.imports(table(wrong))

    assert found.codes == ["bad_price", "bad_quantity", "no_title"]
    assert found.products == []


def test_two_listings_with_one_title_stay_two(seller):
    found = seller.imports(table(listing(), listing(PRICE="40")))

    assert [product.key for product in found.products] == ["linen-apron", "linen-apron-2"]
    assert len({product.key for product in found.catalogue if hasattr(product, "key")}) == 2


def test_another_currency_is_refused_row_by_row(seller):
    found = seller.imports(table(listing(CURRENCY_CODE="USD"), listing(TITLE="Bowl")))

    assert [product.title for product in found.products] == ["Bowl"]
    assert [(issue.record, issue.code) for issue in found.issues] == [(2, "foreign_currency")]


TRANSLATED = {
    "de": "TITEL;BESCHREIBUNG;PREIS;WÄHRUNGSCODE;ANZAHL;TAGS;MATERIALIEN;BILD1;"
    "VARIANTE 1 TYP;VARIANTE 1 NAME;VARIANTE 1 WERTE;SKU",
    "fr": "TITRE;DESCRIPTION;PRIX;CODE DEVISE;QUANTITÉ;TAGS;MATÉRIAUX;IMAGE1;"
    "TYPE VARIATION 1;NOM VARIATION 1;VALEURS VARIATION 1;SKU",
    "es": "TÍTULO;DESCRIPCIÓN;PRECIO;CÓDIGO DE MONEDA;CANTIDAD;ETIQUETAS;MATERIALES;IMAGEN1;"
    "VARIACIÓN 1 TIPO;VARIACIÓN 1 NOMBRE;VARIACIÓN 1 VALORES;SKU",
    "it": "TITOLO;DESCRIZIONE;PREZZO;CODICE VALUTA;QUANTITÀ;TAG;MATERIALI;IMMAGINE1;"
    "VARIAZIONE 1 TIPO;VARIAZIONE 1 NOME;VARIAZIONE 1 VALORI;SKU",
    "nl": "TITEL;BESCHRIJVING;PRIJS;VALUTACODE;HOEVEELHEID;TAGS;MATERIALEN;AFBEELDING1;"
    "VARIATIE 1 TYPE;VARIATIE 1 NAAM;VARIATIE 1 WAARDEN;SKU",
    "pt": "TÍTULO;DESCRIÇÃO;PREÇO;CÓDIGO DA MOEDA;QUANTIDADE;ETIQUETAS;MATERIAIS;IMAGEM1;"
    "VARIAÇÃO 1 TIPO;VARIAÇÃO 1 NOME;VARIAÇÃO 1 VALORES;SKU",
}


@pytest.mark.parametrize("language", TRANSLATED)
def test_titles_are_known_in_the_sellers_language(seller, language):
    row = f"Schürze;Weich;34,00;EUR;5;leinen;leinen;{PICTURE.format(1)};Size;Size;S,M;A-1\r\n"

    found = seller.imports(f"{TRANSLATED[language]}\r\n{row}", encoding="cp1252")

    assert found.catalogue.format == "etsy"
    assert found.product.title == "Schürze"
    assert found.variants[0].price_minor == 3400
    assert found.variants[0].quantity == 5
    assert ("Size", "M") in found.product.attributes
    assert len(found.images) == 1
    assert found.codes == ["choices_not_in_file"]


def test_a_title_that_is_not_known_is_named(seller):
    found = seller.imports(table(listing() | {"LAHJAKORTTI": "x"}))

    assert found.codes == ["unknown_columns"]
    assert "LAHJAKORTTI" in found.issues[0].message


def test_what_is_missing_is_said_when_the_format_was_chosen(seller):
    with pytest.raises(UnknownFormat) as refused:
        seller.imports("TITLE,DESCRIPTION\nApron,Soft\n", format="etsy")

    assert "price, quantity" in str(refused.value.message)
    assert "TITLE, DESCRIPTION" in str(refused.value.message)

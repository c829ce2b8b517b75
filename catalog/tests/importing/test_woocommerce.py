from __future__ import annotations

from datetime import UTC, datetime

import pytest

from catalog.services.importing.drafts import Status, TaxClass
from catalog.tests.importing.files import table

PICTURE = "https://pictures.example/{}.jpg"


def row(**cells):
    titles = {
        "id": "ID",
        "type": "Type",
        "sku": "SKU",
        "name": "Name",
        "published": "Published",
        "visibility": "Visibility in catalog",
        "short": "Short description",
        "description": "Description",
        "starts": "Date sale price starts",
        "ends": "Date sale price ends",
        "in_stock": "In stock?",
        "stock": "Stock",
        "kg": "Weight (kg)",
        "lbs": "Weight (lbs)",
        "sale": "Sale price",
        "regular": "Regular price",
        "categories": "Categories",
        "tags": "Tags",
        "tax": "Tax status",
        "tax_class": "Tax class",
        "images": "Images",
        "parent": "Parent",
        "position": "Position",
        "name1": "Attribute 1 name",
        "value1": "Attribute 1 value(s)",
        "name2": "Attribute 2 name",
        "value2": "Attribute 2 value(s)",
    }
    usual = {"type": "simple", "name": "Mug", "published": 1, "in_stock": 1, "regular": "12.50"}
    return {titles.get(name, name): value for name, value in (usual | cells).items()}


def parent(**cells):
    return row(**({"type": "variable", "sku": "tee", "name": "Tee", "regular": ""} | cells))


def child(**cells):
    return row(**({"type": "variation", "name": "Tee - one", "parent": "tee"} | cells))


def test_all_that_is_wrong_with_a_row_is_told_at_once(seller):
    found = seller.imports(table(row(name="", regular="dear", stock="many")))

    assert found.codes == ["bad_price", "bad_quantity", "no_title"]
    assert found.products == []


def test_variations_find_their_parent_wherever_it_stands(seller):
    found = seller.imports(
        table(
            child(parent="id:7", name1="Size", value1="L", position=2),
            row(sku="mug"),
            child(parent="TEE", name1="Size", value1="M", position=1),
            parent(id=7, name1="Size", value1="M, L", name2="Fit", value2="Slim, Wide"),
        )
    )

    tee = next(product for product in found.products if product.key == "tee")
    assert tee.options == ("Size",)
    assert [variant.options for variant in tee.variants] == [("M",), ("L",)]
    assert tee.attributes == (("Fit", "Slim"), ("Fit", "Wide"))
    assert tee.records == (2, 4, 5)


def test_an_empty_value_is_any_and_is_not_multiplied(seller):
    found = seller.imports(
        table(
            parent(name1="Colour", value1="Red, Blue", name2="Size", value2="S, M"),
            child(name1="Colour", value1="Red", name2="Size", value2=""),
        )
    )

    assert [variant.options for variant in found.variants] == [("Red", "")]


def test_orphans_and_strangers_are_reported(seller):
    found = seller.imports(
        table(
            child(parent="gone"),
            row(type="grouped", sku="g"),
            row(type="external", sku="e"),
            row(type="subscription", sku="s"),
            parent(sku="alone"),
        )
    )

    assert found.products == []
    assert [(issue.record, issue.severity, issue.code) for issue in found.issues] == [
        (2, "error", "no_parent"),
        (3, "skipped", "grouped"),
        (4, "skipped", "external"),
        (5, "skipped", "unknown_type"),
        (6, "error", "no_variations"),
    ]


@pytest.mark.parametrize(
    ("cells", "payable"),
    [
        ({"sale": "10"}, 1000),
        ({"sale": "12.50"}, 1250),
        ({"sale": "20"}, 1250),
        ({"sale": "10", "starts": "2026-05-10", "ends": "2026-05-10"}, 1000),
        ({"sale": "10", "starts": "2026-05-11"}, 1250),
        ({"sale": "10", "ends": "2026-05-09 23:59:59"}, 1250),
        ({"sale": "10", "ends": "soon"}, 1250),
        ({"sale": "cheap"}, 1250),
    ],
)
def test_a_sale_counts_on_its_days(seller, cells, payable):
    (variant,) = seller.imports(table(row(**cells))).variants

    assert variant.price_minor == payable
    assert variant.compare_at_minor == (1250 if payable == 1000 else None)


def test_a_sale_ends_with_its_last_day(seller):
    content = table(row(sale="10", ends="2026-05-10"))

    def price(now):
        return seller.imports(content, now=now).variants[0].price_minor

    assert price(datetime(2026, 5, 10, 23, 59, tzinfo=UTC)) == 1000
    assert price(datetime(2026, 5, 11, 0, 1, tzinfo=UTC)) == 1250


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, (False, None)),
        ({"stock": "5"}, (True, 5)),
        ({"stock": "-2"}, (True, 0)),
        ({"in_stock": 0}, (True, 0)),
        ({"in_stock": 0, "stock": "5"}, (True, 5)),
    ],
)
def test_a_blank_stock_is_not_managed(seller, cells, expected):
    (variant,) = seller.imports(table(row(**cells))).variants

    assert (variant.tracked, variant.quantity) == expected


def test_stock_of_the_parent_is_shared_out_and_never_multiplied(seller):
    found = seller.imports(
        table(
            parent(stock=8, name1="Size", value1="S, M, L"),
            *(child(stock="parent", name1="Size", value1=size) for size in "SML"),
        )
    )

    assert [variant.quantity for variant in found.variants] == [3, 3, 2]
    assert found.codes == ["shared_stock"]


@pytest.mark.parametrize(
    ("cells", "grams"), [({"kg": ".5"}, 500), ({"lbs": ".5"}, 227), ({"kg": "0,25"}, 250)]
)
def test_the_unit_of_a_weight_stands_in_the_header(seller, cells, grams):
    assert seller.imports(table(row(**cells))).variants[0].weight_grams == grams


def test_a_backslash_keeps_a_comma_and_two_letters_break_a_line(seller):
    found = seller.imports(
        table(row(categories=r"Salt\, pepper > Mills, Gifts", tags=r"a\,b, c", short=r"One\ntwo"))
    )

    assert found.product.categories == (("Salt, pepper", "Mills"), ("Gifts",))
    assert found.product.tags == ("a,b", "c")
    assert found.product.description_html == "<p>One<br>two</p>"


def test_pictures_are_parted_by_commas_and_may_hold_some(seller):
    first, second = PICTURE.format("a,b"), PICTURE.format("c")

    found = seller.imports(table(row(images=f"{first}, {second},{first}")))

    assert [image.url for image in found.images] == [first, second]


@pytest.mark.parametrize("flags", ["simple, virtual", "simple, downloadable, virtual"])
def test_virtual_goods_are_not_sent(seller, flags):
    assert not seller.imports(table(row(type=flags))).variants[0].requires_shipping


def test_states_and_taxes(seller):
    found = seller.imports(
        table(
            row(sku="a", published=-1, tax="none"),
            row(sku="b", published=0, tax_class="reduced-rate"),
            row(sku="c", visibility="hidden", tax_class="zero-rate"),
            row(sku="d", visibility="search"),
        )
    )

    facts = [(product.status, product.tax_class, product.listed) for product in found.products]
    assert facts == [
        (Status.DRAFT, TaxClass.ZERO, True),
        (Status.DRAFT, TaxClass.REDUCED, True),
        (Status.PUBLISHED, TaxClass.ZERO, False),
        (Status.PUBLISHED, TaxClass.STANDARD, True),
    ]


def test_a_repeated_sku_makes_two_products_and_one_sku(seller):
    found = seller.imports(table(row(id=1, sku="a"), row(id=2, sku="a", name="Bowl")))

    assert [product.key for product in found.products] == ["a", "id:2"]
    assert [variant.sku for variant in found.variants] == ["a", ""]
    assert found.codes == ["repeated_sku"]


def test_columns_of_plug_ins_are_ignored_and_unknown_ones_named(seller):
    found = seller.imports(table(row() | {"Meta: _x": "1", "Swedish Pris": "2"}))

    assert [(issue.record, issue.code) for issue in found.issues] == [(1, "unknown_columns")]
    assert "Swedish Pris" in found.issues[0].message
    assert "Meta" not in found.issues[0].message


# Type, SKU, name, published, visibility, regular price, sale price, stock, weight, categories,
# parent, and the first attribute's name and values.
TRANSLATED = {
    "de": "Typ;Artikelnummer;Name;Veröffentlicht;Sichtbarkeit im Katalog;Regulärer Preis;"
    "Angebotspreis;Bestand;Gewicht (kg);Kategorien;Übergeordnetes Produkt;Attribut 1 Name;"
    "Attribut 1 Wert(e)",
    "fr": "Type;UGS;Nom;Publié;Visibilité dans le catalogue;Tarif régulier;Tarif promo;Stock;"
    "Poids (kg);Catégories;Parent;Nom de l'attribut 1;Valeur(s) de l'attribut 1",
    "es": "Tipo;SKU;Nombre;Publicado;Visibilidad en el catálogo;Precio normal;Precio rebajado;"
    "Inventario;Peso (kg);Categorías;Superior;Nombre del atributo 1;Valor(es) del atributo 1",
    "it": "Tipo;COD;Nome;Pubblicato;Visibilità nel catalogo;Prezzo di listino;Prezzo in offerta;"
    "Magazzino;Peso (kg);Categorie;Genitore;Attributo 1 nome;Attributo 1 valore(i)",
    "nl": "Type;Artikelnummer;Naam;Gepubliceerd;Zichtbaarheid in catalogus;Reguliere prijs;"
    "Actieprijs;Voorraad;Gewicht (kg);Categorieën;Hoofd;Naam eigenschap 1;Waarde eigenschap 1",
    "pt": "Tipo;SKU;Nome;Publicado;Visibilidade no catálogo;Preço normal;Preço promocional;"
    "Estoque;Peso (kg);Categorias;Ascendente;Nome do atributo 1;Valores do atributo 1",
}


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_titles_are_known_in_the_shops_language(seller, language, encoding):
    content = (
        f"{TRANSLATED[language]}\r\n"
        "variable;tee;Tee;1;hidden;;;;0,2;A > B;;Größe;S, M\r\n"
        "variation;tee-s;Tee S;1;visible;19,90;9,90;4;;;tee;Größe;S\r\n"
    )

    found = seller.imports(content, encoding=encoding)

    assert found.catalogue.format == "woocommerce"
    assert found.product.options == ("Größe",)
    assert found.product.categories == (("A", "B"),)
    assert not found.product.listed
    (variant,) = found.variants
    assert (variant.sku, variant.price_minor, variant.compare_at_minor) == ("tee-s", 990, 1990)
    assert (variant.quantity, variant.weight_grams, variant.options) == (4, 200, ("S",))
    assert found.issues == []

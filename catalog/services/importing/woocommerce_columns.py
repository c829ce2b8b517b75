"""WooCommerce's column titles: English, German, French, Spanish, Italian, Dutch, Portuguese.

Only columns that are read are translated. A unit in brackets is put aside before looking here.
`IGNORED` are the other English titles, so that a title nobody knows can be told from them.
"""

from __future__ import annotations

import re

from catalog.services.importing.headers import by_word

COLUMNS = by_word(
    {
        "id": "ID",
        "type": "Type|Typ|Tipo",
        "sku": "SKU|Artikelnummer|Art.-Nr.|UGS|Référence|Codice|COD|Código|REF",
        "barcode": "GTIN, UPC, EAN, or ISBN|GTIN, UPC, EAN oder ISBN|GTIN, UPC, EAN ou ISBN|"
        "GTIN, UPC, EAN o ISBN|GTIN, UPC, EAN of ISBN|GTIN",
        "title": "Name|Nom|Nombre|Nome|Naam",
        "published": "Published|Veröffentlicht|Publié|Publicado|Pubblicato|Gepubliceerd",
        "visibility": "Visibility in catalog|Sichtbarkeit im Katalog|Katalogsichtbarkeit|"
        "Visibilité dans le catalogue|Visibilidad en el catálogo|Visibilità nel catalogo|"
        "Zichtbaarheid in catalogus|Visibilidade no catálogo",
        "short": "Short description|Kurzbeschreibung|Description courte|Descripción corta|"
        "Breve descrizione|Descrizione breve|Korte beschrijving|Korte omschrijving|"
        "Descrição curta|Descrição breve",
        "description": "Description|Beschreibung|Descripción|Descrizione|Beschrijving|Descrição",
        "sale_from": "Date sale price starts|Datum, an dem Angebotspreis beginnt|"
        "Datum, an dem der Angebotspreis beginnt|Date de début de promo|"
        "Día en que empieza el precio rebajado|Data di inizio del prezzo in offerta|"
        "Data inizio prezzo in offerta|Startdatum actieprijs|"
        "Data de início do preço promocional|Data de preço promocional começa em",
        "sale_to": "Date sale price ends|Datum, an dem Angebotspreis endet|"
        "Datum, an dem der Angebotspreis endet|Date de fin de promo|"
        "Día en que termina el precio rebajado|Data di fine del prezzo in offerta|"
        "Data fine prezzo in offerta|Einddatum actieprijs|"
        "Data de fim do preço promocional|Data de preço promocional termina em",
        "tax_status": "Tax status|Steuerstatus|État de la TVA|Statut fiscal|Estado del impuesto|"
        "Stato delle imposte|Stato imposta|Btw status|Belastingstatus|Status do imposto|"
        "Estado do imposto",
        "tax_class": "Tax class|Steuerklasse|Classe de TVA|Clase de impuesto|"
        "Aliquota di imposta|Classe d'imposta|Belastingklasse|Classe de imposto",
        "in_stock": "In stock?|Vorrätig?|Auf Lager?|En stock ?|En inventaire ?|¿Existencias?|"
        "¿En inventario?|Hay existencias?|In stock ?|Op voorraad?|Em estoque?|Em stock?",
        "stock": "Stock|Lager|Bestand|Lagerbestand|Inventaire|Inventario|Existencias|Magazzino|"
        "Voorraad|Estoque",
        "backorders": "Backorders allowed?|Rückstände erlaubt?|Lieferrückstände erlaubt?|"
        "Autoriser les commandes de produits en rupture ?|"
        "¿Permitir reservas de productos agotados?|Abilita gli ordini arretrati?|"
        "Nabestellingen toestaan?|São permitidas encomendas?",
        "weight": "Weight|Gewicht|Poids|Peso",
        "sale": "Sale price|Angebotspreis|Tarif promo|Prix promo|Precio rebajado|"
        "Prezzo in offerta|Actieprijs|Preço promocional|Preço de promoção",
        "regular": "Regular price|Regulärer Preis|Tarif régulier|Prix régulier|Tarif normal|"
        "Precio normal|Prezzo di listino|Prezzo normale|Reguliere prijs|Preço normal|"
        "Preço regular|Preço de venda",
        "categories": "Categories|Kategorien|Catégories|Categorías|Categorie|Categorieën|"
        "Categorias",
        "tags": "Tags|Schlagwörter|Étiquettes|Etiquetas|Tag",
        "brands": "Brands|Brand|Marken|Marques|Marcas|Marchi|Merken",
        "images": "Images|Bilder|Imágenes|Immagini|Afbeeldingen|Imagens",
        "parent": "Parent|Übergeordnet|Übergeordnetes Produkt|Superior|Genitore|"
        "Hoofd|Hoofdproduct|Ascendente|Principal|Produit parent|Mère",
        "position": "Position|Posición|Posizione|Positie|Posição",
    }
)  # fmt: skip

# Attribute 1 name, Attribut 1 Wert(e), Nom de l'attribut 1, Naam eigenschap 1 …
_ATTRIBUTE = re.compile(r"attribut|atributo|eigenschap|attributo")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"name|nom|naam|nombre|nome")
_VALUE = re.compile(r"value|wert|valeur|valor|valore|valuta|waarde")

IGNORED = frozenset(
    by_word(
        {
            "": "Is featured?|Low stock amount|Sold individually?|Length|Width|Height|"
            "Allow customer reviews?|Purchase note|Shipping class|Download limit|"
            "Download expiry days|Grouped products|Upsells|Cross-sells|External URL|Button text|"
            "Swatches Attributes|Short|Date created|Ist hervorgehoben?|Mis en avant ?"
        }
    )
)


def attribute_column(title: str) -> str | None:
    """'name:1' for the title of the first attribute's name, 'value:1' for its values."""
    word = title.casefold()
    number = _NUMBER.search(word)
    if not number or not _ATTRIBUTE.search(word):
        return None
    if _VALUE.search(word):
        return f"value:{int(number[0])}"
    return f"name:{int(number[0])}" if _NAME.search(word) else None


FIELDS = {
    "title": "title",
    "short": "description_html",
    "description": "description_html",
    "published": "status",
    "visibility": "listed",
    "tax_status": "tax_class",
    "tax_class": "tax_class",
    "in_stock": "tracked",
    "stock": "quantity",
    "weight": "weight_grams",
    "sale": "compare_at_minor",
    "regular": "price_minor",
    "categories": "categories",
    "tags": "tags",
    "brands": "brand",
    "images": "images",
    "sku": "sku",
    "barcode": "barcode",
    "type": "requires_shipping",
}

"""Who lives in the demo market. All of them are made up."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "marketflow"  # Printed by `demo`, and refused outside one (accounts.backends).

BUYER = ("buyer@demo.test", "Noor Hartley")
SELLER = ("seller@demo.test", "Maeve Fern")
STAFF = ("staff@demo.test", "Robin Staff")


@dataclass(frozen=True)
class DemoShop:
    slug: str
    name: str
    owner: str
    city: str
    country: str
    tagline: str
    about: str
    # Names of the categories it sells.
    sells: tuple[str, ...]
    # Delivery at home and abroad, in euro cents; free at home from.
    delivery: tuple[int, int, int]


SHOPS = (
    DemoShop(
        "fernhouse",
        "Fernhouse",
        "Maeve Fern",
        "Galway",
        "IE",
        "Pots, plants and the tools to keep them alive",
        "A greenhouse behind a terraced house, and a kiln in the shed. We fire what we plant in.",
        ("Pots & Planters", "Garden Tools", "Seeds", "Vases"),
        (490, 990, 5000),
    ),
    DemoShop(
        "clay-and-kin",
        "Clay & Kin",
        "Tomás Brandt",
        "Porto",
        "PT",
        "Tableware from a family kiln",
        "Three generations at two wheels. We glaze on Tuesdays and ship on Fridays.",
        ("Mugs & Cups", "Bowls", "Plates"),
        (450, 890, 6000),
    ),
    DemoShop(
        "north-pier",
        "North Pier Press",
        "Ines Okafor",
        "Aarhus",
        "DK",
        "Paper, ink and patience",
        "A letterpress on the old pier. Cards, prints and notebooks, one colour at a time.",
        ("Cards", "Notebooks", "Wall Art"),
        (390, 690, 4000),
    ),
    DemoShop(
        "wool-and-weather",
        "Wool & Weather",
        "Sunniva Dahl",
        "Bergen",
        "NO",
        "Knitwear for places where it rains sideways",
        "We buy the wool from four farms we can walk to, and knit it in the village hall.",
        ("Knitwear", "Scarves", "Socks"),
        (590, 1190, 9000),
    ),
    DemoShop(
        "lumen-works",
        "Lumen Works",
        "Karel Novotny",
        "Brno",
        "CZ",
        "Lamps that are kind to the eye",
        "An old glassworks, new wiring. Every lamp is tested for an evening in our own kitchen.",
        ("Table Lamps", "Floor Lamps", "Pendants"),
        (790, 1690, 15000),
    ),
    DemoShop(
        "the-slow-kitchen",
        "The Slow Kitchen",
        "Paolo Neri",
        "Bologna",
        "IT",
        "Tools for people who cook on Sundays",
        "We sell what we use, and we stop selling what breaks.",
        ("Kitchen Tools", "Tea & Coffee", "Bowls"),
        (490, 990, 5500),
    ),
    DemoShop(
        "hearth-and-hollow",
        "Hearth & Hollow",
        "Aoife Lynch",
        "Cork",
        "IE",
        "Soft things for the evening",
        "Candles poured at the kitchen table, cushions sewn in the room above it.",
        ("Candles", "Cushions", "Storage"),
        (450, 950, 5000),
    ),
    DemoShop(
        "good-grain",
        "Good Grain",
        "Jonas Weber",
        "Freiburg",
        "DE",
        "Furniture that outlives its glue",
        "A joinery of five. We use local ash and oak and repair whatever we have made.",
        ("Chairs", "Stools", "Shelves"),
        (1900, 3900, 40000),
    ),
    DemoShop(
        "field-and-thread",
        "Field & Thread",
        "Camille Aubert",
        "Lyon",
        "FR",
        "Plain clothes, well made",
        "Shirts and socks without a slogan. Sewn in a street of weavers.",
        ("T-shirts", "Socks", "Totes"),
        (490, 890, 7000),
    ),
    DemoShop(
        "carry-on-co",
        "Carry On & Co",
        "Lieve Maes",
        "Ghent",
        "BE",
        "Bags made from things that have travelled",
        "Old sails, new zips. Each bag says which boat it was.",
        ("Backpacks", "Totes", "Wallets"),
        (490, 990, 9000),
    ),
    DemoShop(
        "little-tram",
        "Little Tram Toys",
        "Zsófia Varga",
        "Budapest",
        "HU",
        "Wooden toys that survive younger brothers",
        "Two carpenters and a kindergarten next door that tests everything.",
        ("Wooden Toys", "Puzzles"),
        (390, 890, 4500),
    ),
    DemoShop(
        "quiet-room-audio",
        "Quiet Room Audio",
        "Marek Zielinski",
        "Gdansk",
        "PL",
        "Sound you can take apart",
        "Headphones and speakers with screws instead of glue.",
        ("Headphones", "Speakers"),
        (590, 1290, 12000),
    ),
    DemoShop(
        "marginalia",
        "Marginalia Books",
        "Hanna Virtanen",
        "Turku",
        "FI",
        "Books about doing things",
        "A shop the size of a corridor. We read everything before it goes on the shelf.",
        ("Books", "Notebooks", "Cards"),
        (350, 750, 3500),
    ),
    DemoShop(
        "salt-and-sage",
        "Salt & Sage",
        "Elena Costa",
        "Valencia",
        "ES",
        "Everyday pottery with a sunny temper",
        "We mix our own glazes from ash and sand. Some of them even do what we expect.",
        ("Mugs & Cups", "Vases", "Plates"),
        (490, 990, 6000),
    ),
)

# fmt: off
FIRST_NAMES = [
    "Ada", "Ben", "Chiara", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ilse", "Jakub", "Katya",
    "Luca", "Mina", "Nils", "Oona", "Pia", "Rafael", "Sana", "Theo", "Uma", "Viktor", "Wanda",
    "Yusuf", "Zoe", "Anouk", "Bram", "Clara", "Deniz", "Ewa", "Florian",
]
LAST_NAMES = [
    "Aalto", "Berg", "Conti", "Duarte", "Eder", "Fischer", "Garnier", "Horvat", "Ivanov",
    "Jansen", "Keller", "Lindqvist", "Moreau", "Nagy", "Olsen", "Petrov", "Quinn", "Rossi",
    "Silva", "Toth", "Urban", "Vos", "Weiss", "Young", "Zeman",
]
# fmt: on
STREETS = (
    "Mill Lane",
    "Harbour Street",
    "Linden Avenue",
    "Station Road",
    "Chapel Row",
    "Orchard Way",
    "Castle Street",
    "Old Bridge",
    "Market Square",
    "Weaver's Yard",
)
# Town, postcode, country.
TOWNS = (
    ("Dublin", "D02 X285", "IE"),
    ("Limerick", "V94 T28R", "IE"),
    ("Berlin", "10115", "DE"),
    ("Hamburg", "20095", "DE"),
    ("Lyon", "69002", "FR"),
    ("Nantes", "44000", "FR"),
    ("Utrecht", "3511 AB", "NL"),
    ("Antwerp", "2000", "BE"),
    ("Vienna", "1010", "AT"),
    ("Milan", "20121", "IT"),
    ("Seville", "41001", "ES"),
    ("Coimbra", "3000-001", "PT"),
    ("Malmö", "211 19", "SE"),
    ("Odense", "5000", "DK"),
    ("Tampere", "33100", "FI"),
    ("Kraków", "30-001", "PL"),
)
CARRIERS = ("An Post", "DHL", "PostNord", "Colissimo", "DPD")

# VAT in hundredths of a percent: standard, and reduced (books, seeds). As of 2026.
VAT = {
    "AT": (2000, 1000),
    "BE": (2100, 600),
    "CZ": (2100, 1200),
    "DE": (1900, 700),
    "DK": (2500, 2500),
    "ES": (2100, 400),
    "FI": (2550, 1350),
    "FR": (2000, 550),
    "HU": (2700, 500),
    "IE": (2300, 1350),
    "IT": (2200, 400),
    "NL": (2100, 900),
    "PL": (2300, 500),
    "PT": (2300, 600),
    "SE": (2500, 600),
}

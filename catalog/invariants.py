"""Facts about stock that the catalogue can prove alone."""

from marketflow.core.invariants import invariant

invariant(
    "I1",
    "units on hand are explained by movements",
    """
    SELECT s.id, s.on_hand, coalesce(m.moved, 0) AS moved FROM catalog_stockitem s
    LEFT JOIN (SELECT stock_item_id, sum(delta) AS moved FROM catalog_stockmovement
               GROUP BY stock_item_id) m ON m.stock_item_id = s.id
    WHERE s.on_hand <> coalesce(m.moved, 0)
    """,
)

invariant(
    "I3",
    "stock is within its bounds",
    """
    SELECT id, on_hand, allocated FROM catalog_stockitem
    WHERE on_hand < 0 OR allocated < 0 OR allocated > on_hand
    """,
)

invariant(
    "I16",
    "a variant belongs to the shop of its product",
    """
    SELECT v.id FROM catalog_variant v JOIN catalog_product p ON p.id = v.product_id
    WHERE v.shop_id <> p.shop_id
    """,
)

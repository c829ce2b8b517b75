"""The buyer's pages: checkout, one order, all orders."""

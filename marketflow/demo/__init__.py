"""The demo market: people, shops, goods and a past, made through the real services."""

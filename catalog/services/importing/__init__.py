"""Sellers' files: `formats.open_catalogue` reads one, whatever platform it comes from."""

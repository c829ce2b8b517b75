"""The start pages and menus of the two admin sites, which speak of every app."""

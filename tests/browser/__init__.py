"""The pages in a real browser, on a small demo market of their own."""

"""The market's key in tests, by itself: who starts a market as a process loads no models."""

KEY = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
SUBJECT = "mailto:hello@market.example"

"""The clock has 24 hours on every page: Django's English says "2:35 p.m.", our templates 14:35."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"

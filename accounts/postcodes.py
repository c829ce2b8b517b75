"""Where an address has a postcode."""

from __future__ import annotations

# No postcodes, or some that parcels do well without (Ireland, Hong Kong, Panama).
WITHOUT = """
AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GQ GY HK IE JM KI KM
KN KP LC ML MO MR MW NR NU PA QA RW SB SC SL SR ST SY TD TG TK TL TO TT TV UG VU YE ZW
"""


def are_needed(country: str) -> bool:
    """Whether a parcel to `country` (ISO 3166-1 alpha-2) needs a postcode."""
    return country.upper() not in WITHOUT.split()

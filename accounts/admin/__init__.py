"""What both admin sites show of people and shops."""

from accounts.admin import banking, keys, own, people, shops  # noqa: F401

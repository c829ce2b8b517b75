"""A payment provider that speaks Stripe's protocol, in a process with books of its own.

Its books are the second opinion on every double charge: nothing of the market writes to them.
"""

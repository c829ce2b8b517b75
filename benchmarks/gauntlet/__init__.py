"""The gauntlet: what the market promises about stock and money, tried under fire.

`make gauntlet` runs every figure on a rig of its own: the production processes by the compose
file's commands, PostgreSQL and Redis nobody else knows, a payment provider with books of its own,
wires in between that can fail, and somebody who kills processes. docs/gauntlet.md says what each
figure promises and who judges it.
"""

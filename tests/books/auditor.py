"""An auditor from another house: books of whole numbers, kept beside the market's own.

It imports nothing of the product. It is told what happened and works out by itself what every
account has to hold. A balance is debits minus credits, in minor units.
"""

from __future__ import annotations

from collections import defaultdict

VAT_ON_FEES = 2300
NOTHING = dict.fromkeys(("back", "units_back", "fee_back", "vat_back", "funded_back"), 0)
STANDARD = {"shop": None, "lowest": 0, "rate": 1000, "fixed": 0, "least": 0, "most": None}


def half_up(amount: int, rate: int) -> int:
    return (2 * amount * rate + 10_000) // 20_000


def shared(amount: int, weights: list[int]) -> list[int]:
    """`amount` by weight; what is left over goes to the largest remainders, the first first."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda n: -(amount * weights[n] % whole))
    for n in by_rest[: amount - sum(parts)]:
        parts[n] += 1
    return parts


class Auditor:
    def __init__(self) -> None:
        self.balances: dict[str, int] = defaultdict(int)
        # The operator's list of commission, first to last.
        self.rules: list[dict] = []
        self.orders: dict[int, dict] = {}
        self.parts: dict[int, dict] = {}
        # What became available to a shop and was not paid out, part by part.
        self.unpaid: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def move(self, debit: str, credit: str, amount: int) -> None:
        assert amount >= 0
        self.balances[debit] += amount
        self.balances[credit] -= amount

    # --- selling

    def placed(self, order: int, currency: str, parts: dict[int, dict]) -> None:
        """`parts` by id: shop, delivery, delivery_funded; lines: price, units, off, funded."""
        self.orders[order] = {"currency": currency, "parts": list(parts), "paid": 0, "back": 0}
        for number, part in parts.items():
            lines = {
                key: line | NOTHING | {"total": line["price"] * line["units"] - line["off"]}
                for key, line in part["lines"].items()
            }
            known = {"order": order, "currency": currency, "pending": 0}
            known |= {"delivery_back": 0, "delivery_funded_back": 0}
            self.parts[number] = part | known | {"lines": lines, "state": "open", "frozen": False}

    def total(self, order: int) -> int:
        parts = [self.parts[number] for number in self.orders[order]["parts"]]
        return sum(
            part["delivery"] + sum(line["total"] for line in part["lines"].values())
            for part in parts
        )

    def paid(self, order: int) -> None:
        book, total = self.orders[order], self.total(order)
        clearing = f"order:{order}:{book['currency']}"
        self.move(f"provider:test:{book['currency']}", clearing, total)
        book["paid"] = total
        for number in book["parts"]:
            part = self.parts[number]
            pending = self.account(part, "shop_pending")
            part["state"] = "paid"
            for line in part["lines"].values():
                self._charge(part["shop"], line)
            lines = part["lines"].values()
            total = part["delivery"] + sum(line["total"] for line in lines)
            self.move(clearing, pending, total)
            funded = part["delivery_funded"] + sum(line["funded"] for line in lines)
            self.move(self.own("promotion", part), pending, funded)
            self.move(pending, self.own("commission", part), sum(x["fee"] for x in lines))
            self.move(pending, self.own("commission_vat", part), sum(x["vat"] for x in lines))
            part["pending"] = total + funded - sum(line["fee"] + line["vat"] for line in lines)

    def paid_without_need(self, order: int, amount: int) -> None:
        """For an order that was closed: it comes, and goes back whole."""
        book = self.orders[order]
        clearing = f"order:{order}:{book['currency']}"
        self.move(f"provider:test:{book['currency']}", clearing, amount)
        self.move(clearing, f"provider:test:{book['currency']}", amount)

    def completed(self, number: int) -> None:
        part = self.parts[number]
        left, part["pending"], part["state"] = part["pending"], 0, "completed"
        available = self.account(part, "shop_available")
        self.move(self.account(part, "shop_pending"), available, left)
        self.unpaid[available][number] += left

    # --- giving back

    def left(self, number: int) -> int:
        part = self.parts[number]
        goods = sum(line["total"] - line["back"] for line in part["lines"].values())
        return goods + part["delivery"] - part["delivery_back"]

    def refunded(self, number: int, lines: dict[int, tuple[int, int | None]], delivery: int):
        """`lines` by id: units, and the amount where it isn't the price of those units."""
        part = self.parts[number]
        amount, fee, vat, funded = delivery, 0, 0, 0
        for key, (units, money) in lines.items():
            line = part["lines"][key]
            if money is None:
                money = min(self._price(line, units), line["total"] - line["back"])
            line["back"] += money
            line["units_back"] += units
            amount += money
            fee += self._follow(line, "fee", up=True)
            vat += self._follow(line, "vat", up=True)
            funded += self._follow(line, "funded", up=False)
        part["delivery_back"] += delivery
        funded += self._delivery_follows(part)
        self._give_back(part, number, amount, fee, vat, funded)
        clearing, provider = self.account(part, "order"), f"provider:test:{part['currency']}"
        self.move(clearing, provider, amount)
        self.orders[part["order"]]["back"] += amount
        return amount

    def refunded_all(self, number: int) -> int:
        part = self.parts[number]
        lines = {
            key: (line["units"] - line["units_back"], line["total"] - line["back"])
            for key, line in part["lines"].items()
        }
        return self.refunded(number, lines, part["delivery"] - part["delivery_back"])

    def charged_back(self, number: int, amount: int) -> None:
        """The bank takes `amount`: spread over what is left of the lines and the delivery."""
        part = self.parts[number]
        if amount == self.left(number):
            self.refunded_all(number)
            return
        keys = sorted(part["lines"])
        left = [part["lines"][key]["total"] - part["lines"][key]["back"] for key in keys]
        *goods, delivery = shared(amount, [*left, part["delivery"] - part["delivery_back"]])
        self.refunded(number, {k: (0, m) for k, m in zip(keys, goods, strict=True)}, delivery)

    def fee_of_dispute(self, currency: str, amount: int) -> None:
        self.move(f"provider_fee::{currency}", f"provider:test:{currency}", amount)

    # --- paying out

    def payable(self, shop: int, currency: str) -> int:
        available = f"shop_available:{shop}:{currency}"
        ready = sum(self._ready(available).values())
        return ready - self.balances[f"shop_receivable:{shop}:{currency}"]

    def paid_out(self, shop: int, currency: str) -> int:
        available = f"shop_available:{shop}:{currency}"
        owed = self.balances[f"shop_receivable:{shop}:{currency}"]
        amount = self.payable(shop, currency)
        for number in self._ready(available):
            del self.unpaid[available][number]
        self.move(available, f"shop_receivable:{shop}:{currency}", owed)
        self.move(available, f"provider:test:{currency}", amount)
        return amount

    def came_back(self, shop: int, currency: str, amount: int) -> None:
        available = f"shop_available:{shop}:{currency}"
        self.move(f"provider:test:{currency}", available, amount)
        # Of no part: it never freezes.
        self.unpaid[available][0] += amount

    # --- how it reckons

    def account(self, part: dict, kind: str) -> str:
        owner = part["order"] if kind == "order" else part["shop"]
        return f"{kind}:{owner}:{part['currency']}"

    def own(self, kind: str, part: dict) -> str:
        return f"{kind}::{part['currency']}"

    def _charge(self, shop: int, line: dict) -> None:
        base = line["total"] + line["funded"]
        fits = [
            rule
            for rule in [*self.rules, STANDARD]
            if rule["shop"] in (None, shop) and line["price"] >= rule["lowest"]
        ]
        rule, units = fits[0], line["units"]
        fee = half_up(base, rule["rate"]) + rule["fixed"] * units
        fee = max(fee, rule["least"] * units)
        if rule["most"] is not None:
            fee = min(fee, rule["most"] * units)
        fee = min(fee, base)
        line["fee"], line["vat"] = fee, min(half_up(fee, VAT_ON_FEES), base - fee)

    def _price(self, line: dict, units: int) -> int:
        done, whole = line["units_back"], line["units"]
        return line["total"] * (done + units) // whole - line["total"] * done // whole

    def _follow(self, line: dict, name: str, *, up: bool) -> int:
        """What goes back of `name` for the line to stand where its refunds do."""
        done, whole = line["back"], line["total"]
        if not whole:
            done, whole = line["units_back"], line["units"]
        exact = line[name] * done
        goal = -(-exact // whole) if up else exact // whole
        step, line[f"{name}_back"] = goal - line[f"{name}_back"], goal
        return step

    def _delivery_follows(self, part: dict) -> int:
        """What the marketplace takes back of the delivery: of a free one with the last unit."""
        goal = part["delivery_funded"]
        if part["delivery"]:
            goal = goal * part["delivery_back"] // part["delivery"]
        elif any(line["units_back"] < line["units"] for line in part["lines"].values()):
            goal = part["delivery_funded_back"]
        step, part["delivery_funded_back"] = goal - part["delivery_funded_back"], goal
        return step

    def _give_back(self, part: dict, number: int, amount: int, fee: int, vat: int, funded: int):
        is_over = part["state"] == "completed"
        shop = self.account(part, "shop_available" if is_over else "shop_pending")
        owed = self.account(part, "shop_receivable")
        has = fee + vat - self.balances[shop] if is_over else amount + funded
        self.move(self.own("commission", part), shop, fee)
        self.move(self.own("commission_vat", part), shop, vat)
        from_shop = min(amount, has)
        funded_from_shop = min(funded, has - from_shop)
        self.move(shop, self.account(part, "order"), from_shop)
        self.move(owed, self.account(part, "order"), amount - from_shop)
        self.move(shop, self.own("promotion", part), funded_from_shop)
        self.move(owed, self.own("promotion", part), funded - funded_from_shop)
        gain = fee + vat - from_shop - funded_from_shop
        if is_over:
            self.unpaid[shop][number] += gain
        else:
            part["pending"] += gain

    def _ready(self, available: str) -> dict[int, int]:
        """What may leave: all but what parts in dispute would bring."""
        return {
            number: gain
            for number, gain in self.unpaid[available].items()
            if not (gain > 0 and number and self.parts[number]["frozen"])
        }

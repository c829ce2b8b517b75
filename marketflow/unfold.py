"""The look and the menus of the two admin sites. Read by settings; the rest is in backoffice."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from marketflow.backoffice.menus import is_at, with_duty, with_permission

BASE = {
    "50": "oklch(98.5% .004 95)",
    "100": "oklch(96.5% .006 95)",
    "200": "oklch(92.5% .008 95)",
    "300": "oklch(87% .01 95)",
    "400": "oklch(71% .012 95)",
    "500": "oklch(52% .014 95)",
    "600": "oklch(44% .014 95)",
    "700": "oklch(37% .014 95)",
    "800": "oklch(28% .012 95)",
    "900": "oklch(21% .01 95)",
    "950": "oklch(14% .008 95)",
}


def _hue(hue: int, chroma: float) -> dict[str, str]:
    """A scale of one hue. From 600 on, white text on it has a contrast of at least 4.5."""
    lightness = [97, 94, 89, 81, 71, 58, 48, 42, 36, 30, 23]
    names = ["50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950"]
    strength = [0.15, 0.25, 0.45, 0.7, 0.9, 1, 1, 0.95, 0.8, 0.65, 0.5]
    return {
        name: f"oklch({light}% {round(chroma * part, 3)} {hue})"
        for name, light, part in zip(names, lightness, strength, strict=True)
    }


def _item(title: str, icon: str, view: str, permission: object = None) -> dict[str, object]:
    item = {"title": title, "icon": icon, "link": reverse_lazy(view)}
    return item | ({"permission": permission} if permission else {})


def _model(title: str, icon: str, model: str) -> dict[str, object]:
    """A list of the staff's site, for those who may see it."""
    app, _, name = model.partition(".")
    return _item(
        title, icon, f"admin:{app}_{name}_changelist", with_permission(f"{app}.view_{name}")
    )


def _own(title: str, icon: str, view: str, duty: str) -> dict[str, object]:
    return _item(title, icon, f"seller:{view}", with_duty(duty))


SHARED = {
    "SITE_SYMBOL": "storefront",
    "SHOW_HISTORY": True,
    "ENVIRONMENT": "marketflow.backoffice.menus.environment",
    "STYLES": [lambda request: static("backoffice/backoffice.css")],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Your account"), "link": reverse_lazy("account_change_password")}
        ]
    },
    "BORDER_RADIUS": "8px",
    "COMMAND": {"search_models": True},
}

UNFOLD = SHARED | {
    "SITE_TITLE": "MarketFlow",
    "SITE_HEADER": "MarketFlow",
    "SITE_SUBHEADER": _("Staff"),
    "DASHBOARD_CALLBACK": "marketflow.backoffice.staff.dashboard",
    "COLORS": {"base": BASE, "primary": _hue(255, 0.13)},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {"items": [_item(_("Today"), "today", "admin:index")]},
            {
                "title": _("Market"),
                "items": [
                    _model(_("Shops"), "storefront", "accounts.shop"),
                    _model(_("Products"), "inventory_2", "catalog.product"),
                    _model(_("Categories"), "account_tree", "catalog.category"),
                    _model(_("Orders"), "receipt_long", "orders.order"),
                    _model(_("Shops' orders"), "local_shipping", "orders.sellerorder"),
                    _model(_("Payments"), "payments", "orders.payment"),
                    _model(_("Refunds"), "undo", "orders.refund"),
                    _model(_("Returns"), "assignment_return", "orders.return"),
                    _model(_("Disputes"), "gavel", "orders.dispute"),
                    _model(_("Reviews"), "star", "orders.review"),
                    _model(_("Payouts"), "account_balance", "orders.payout"),
                    _model(_("Commission"), "rule", "orders.commissionrule"),
                    _model(_("Accounts"), "menu_book", "orders.ledgeraccount"),
                    _model(_("Transfers"), "swap_horiz", "orders.ledgertransfer"),
                    _model(_("Invoices"), "request_quote", "orders.invoice"),
                    _model(_("Promotions"), "sell", "carts.promotion"),
                    _model(_("Tax rates"), "percent", "carts.taxrate"),
                ],
            },
            {
                "title": _("Messages"),
                "items": [
                    _model(_("Reports"), "flag", "chat.report"),
                    _model(_("Flagged"), "mark_chat_unread", "chat.message"),
                    _model(_("Contact details"), "alternate_email", "chat.contactrule"),
                ],
            },
            {
                "title": _("People"),
                "items": [
                    _model(_("Users"), "person", "accounts.user"),
                    _model(_("Groups"), "group", "auth.group"),
                    _model(_("API keys"), "key", "accounts.apikey"),
                    _model(_("Audit"), "history", "core.auditentry"),
                ],
            },
            {
                "title": _("Search"),
                "items": [
                    _model(_("Synonyms"), "sync_alt", "catalog.synonym"),
                    _model(_("Without result"), "search_off", "catalog.searchmiss"),
                ],
            },
            {
                "title": _("Workings"),
                "separator": True,
                "collapsible": True,
                "items": [
                    _model(_("Mail"), "mail", "notifications.mail"),
                    _model(_("Pushes"), "notifications", "notifications.push"),
                    _model(_("Outbox"), "outbox", "core.outboxevent"),
                    _model(_("Webhooks"), "webhook", "notifications.webhookendpoint"),
                    _model(_("Webhooks sent"), "send", "notifications.webhookdelivery"),
                    _model(_("Imports"), "upload_file", "catalog.importjob"),
                    _model(_("Pictures"), "image", "catalog.productimage"),
                    _model(_("Stock"), "shelves", "catalog.stockitem"),
                    _model(_("Stock movements"), "swap_vert", "catalog.stockmovement"),
                    _model(_("Speed and errors"), "speed", "analytics.pagevital"),
                    _model(_("Schedule"), "schedule", "django_celery_beat.periodictask"),
                ],
            },
        ],
    },
}

UNFOLD_SELLER = SHARED | {
    "SITE_TITLE": _("Seller studio"),
    "SITE_HEADER": _("Seller studio"),
    "SITE_SUBHEADER": "MarketFlow",
    "DASHBOARD_CALLBACK": "marketflow.backoffice.seller.dashboard",
    "COLORS": {"base": BASE, "primary": _hue(160, 0.11)},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {"items": [_item(_("Today"), "today", "seller:index")]},
            {
                "title": _("Orders"),
                "items": [
                    _own(_("To ship"), "local_shipping", "orders_queue", "orders"),
                    _own(
                        _("All orders"),
                        "receipt_long",
                        "orders_sellerorder_changelist",
                        "orders",
                    )
                    | {"active": is_at("/seller/orders/sellerorder/", but="queue/")},
                    _own(_("Returns"), "assignment_return", "orders_return_changelist", "orders"),
                    _own(_("Disputes"), "gavel", "orders_dispute_changelist", "orders"),
                    _own(_("Reviews"), "star", "orders_review_changelist", "reviews"),
                ],
            },
            {
                "title": _("Messages"),
                "items": [
                    _item(_("Conversations"), "forum", "chat:inbox", with_duty("orders"))
                    | {"badge": "marketflow.backoffice.seller.unread_messages"},
                    _own(_("Quick replies"), "quickreply", "chat_quickreply_changelist", "orders"),
                    _own(
                        _("Automatic answer"),
                        "do_not_disturb_on",
                        "chat_desk_changelist",
                        "orders",
                    ),
                ],
            },
            {
                "title": _("Goods"),
                "items": [
                    _own(_("Products"), "inventory_2", "catalog_product_changelist", "catalogue"),
                    _own(_("Stock"), "shelves", "catalog_stockitem_changelist", "stock"),
                    _own(_("Movements"), "swap_vert", "catalog_stockmovement_changelist", "stock"),
                    _own(_("Import"), "upload_file", "catalog_importjob_changelist", "catalogue"),
                ],
            },
            {
                "title": _("Money"),
                "items": [
                    _own(_("Payouts"), "payments", "orders_payout_changelist", "money"),
                    _own(_("Invoices"), "request_quote", "orders_invoice_changelist", "money"),
                    _own(
                        _("Bank account"),
                        "account_balance",
                        "accounts_bankaccount_changelist",
                        "money",
                    ),
                ],
            },
            {
                "title": _("Shop"),
                "items": [
                    _own(_("Settings"), "storefront", "accounts_shop_changelist", "settings"),
                    _own(
                        _("Shipping"),
                        "package_2",
                        "carts_shippingoption_changelist",
                        "catalogue",
                    ),
                    _own(_("Promotions"), "sell", "carts_promotion_changelist", "catalogue"),
                    _own(
                        _("Webhooks"),
                        "webhook",
                        "notifications_webhookendpoint_changelist",
                        "webhooks",
                    ),
                    _own(_("Team"), "group", "accounts_shopmember_changelist", "settings"),
                    _own(
                        _("Invitations"), "mail", "accounts_shopinvitation_changelist", "settings"
                    ),
                    _own(_("API keys"), "key", "accounts_apikey_changelist", "keys"),
                ],
            },
        ],
    },
}

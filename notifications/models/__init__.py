from notifications.models.habits import Habits, Preference
from notifications.models.mail import Mail
from notifications.models.notification import Notification
from notifications.models.outgoing import Outgoing
from notifications.models.push import Push, PushSubscription
from notifications.models.shop_news import ShopNews
from notifications.models.stock_watch import StockWatch
from notifications.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "Habits",
    "Mail",
    "Notification",
    "Outgoing",
    "Preference",
    "Push",
    "PushSubscription",
    "ShopNews",
    "StockWatch",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]

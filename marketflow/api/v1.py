"""Version 1 of the public API: the one place where resources get their addresses."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.api import applications, exports, passwords, people, sessions, shops, tokens
from accounts.api.socket_tickets import SocketTicketView
from analytics.api.figures import MarketFiguresView, ShopFiguresView
from analytics.api.recommendations import RecommendationsView
from carts.api import views as carts
from carts.api.wish_list import WishListViewSet
from catalog.api.categories import CategoryViewSet
from catalog.api.products import ProductViewSet, VariantView
from catalog.api.recommendations import ProductRecommendationsView
from catalog.api.stock import StockView
from catalog.api.suggestions import SuggestionsView
from catalog.api.upserts import ShopProductsView
from chat.api.viewsets import ConversationViewSet
from notifications.api import webhooks
from notifications.api.views import NotificationViewSet
from orders.api import checkout, return_pictures
from orders.api.payouts import BalanceView, PayoutViewSet
from orders.api.returns import DisputeViewSet, ReturnViewSet
from orders.api.reviews import ProductReviewsView, ReviewViewSet
from orders.api.viewsets import OrderViewSet, SellerOrderViewSet

router = SimpleRouter()
router.register("users/me/addresses", people.AddressViewSet, basename="address")
router.register("categories", CategoryViewSet, basename="category")
router.register("products", ProductViewSet, basename="product")
router.register("shops", shops.ShopViewSet, basename="shop")
router.register("shop-applications", applications.ApplicationViewSet, basename="shop-application")
router.register("wishlist", WishListViewSet, basename="wish")
router.register("orders", OrderViewSet, basename="order")
router.register("seller-orders", SellerOrderViewSet, basename="seller-order")
router.register("payouts", PayoutViewSet, basename="payout")
router.register("returns", ReturnViewSet, basename="return")
router.register("disputes", DisputeViewSet, basename="dispute")
router.register("conversations", ConversationViewSet, basename="conversation")
router.register("reviews", ReviewViewSet, basename="review")
router.register("notifications", NotificationViewSet, basename="notification")
router.register("webhook-endpoints", webhooks.EndpointViewSet, basename="webhook-endpoint")
router.register("webhook-deliveries", webhooks.DeliveryViewSet, basename="webhook-delivery")

app_name = "v1"
urlpatterns = [
    path("auth/register/", tokens.RegisterView.as_view(), name="register"),
    path("auth/token/", tokens.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", tokens.RefreshView.as_view(), name="token-refresh"),
    path("auth/logout/", tokens.LogoutView.as_view(), name="logout"),
    path("auth/password/reset/", passwords.ResetView.as_view(), name="password-reset"),
    path(
        "auth/password/reset/confirm/",
        passwords.ResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("auth/password/change/", passwords.ChangeView.as_view(), name="password-change"),
    path("auth/ws-ticket/", SocketTicketView.as_view(), name="ws-ticket"),
    path("users/me/", people.MeView.as_view(), name="me"),
    path("users/me/export/", exports.ExportsView.as_view(), name="export"),
    path("users/me/export/<uuid:id>/file/", exports.ExportFileView.as_view(), name="export-file"),
    path("users/me/sessions/", sessions.SessionsView.as_view(), name="sessions"),
    path("users/me/sessions/<uuid:id>/", sessions.SessionView.as_view(), name="session"),
    path("analytics/marketplace/", MarketFiguresView.as_view(), name="market-figures"),
    path("analytics/shops/<slug:slug>/", ShopFiguresView.as_view(), name="shop-figures"),
    path("recommendations/", RecommendationsView.as_view(), name="recommendations"),
    path(
        "products/<str:slug>/recommendations/",
        ProductRecommendationsView.as_view(),
        name="product-recommendations",
    ),
    path("products/<str:slug>/reviews/", ProductReviewsView.as_view(), name="product-reviews"),
    path("variants/<uuid:id>/", VariantView.as_view(), name="variant"),
    path("search/suggestions/", SuggestionsView.as_view(), name="suggestions"),
    path("cart/", carts.CartView.as_view(), name="cart"),
    path("cart/items/", carts.CartItemsView.as_view(), name="cart-items"),
    path("cart/items/<uuid:id>/", carts.CartItemView.as_view(), name="cart-item"),
    path("shops/<slug:slug>/products/", ShopProductsView.as_view(), name="shop-products"),
    path("shops/<slug:slug>/stock/", StockView.as_view(), name="stock"),
    path("shops/<slug:slug>/balance/", BalanceView.as_view(), name="balance"),
    path("cart/coupon/", carts.CartCouponsView.as_view(), name="cart-coupons"),
    path("cart/coupon/<str:code>/", carts.CartCouponView.as_view(), name="cart-coupon"),
    path(
        "returns/<uuid:id>/pictures/",
        return_pictures.ReturnPicturesView.as_view(),
        name="return-pictures",
    ),
    path(
        "returns/<uuid:id>/pictures/<uuid:picture>/",
        return_pictures.ReturnPictureView.as_view(),
        name="return-picture",
    ),
    path("checkout/", checkout.CheckoutView.as_view(), name="checkout"),
    path("", include(router.urls)),
]

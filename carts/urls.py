from django.urls import include, path

from carts import couponing, views, waiting, wishing

app_name = "carts"

cart_urls = [
    path("", views.cart, name="cart"),
    path("add/", views.add, name="add"),
    path("update/", views.update, name="update"),
    path("lines/<uuid:line>/remove/", views.remove, name="remove"),
    path("lines/<uuid:line>/save/", views.save_for_later, name="save"),
    path("lines/<uuid:line>/unsave/", views.take_back, name="unsave"),
    path("settle/", views.settle, name="settle"),
    path("delivery/", views.choose_place, name="delivery"),
    path("tell-me/", waiting.ask, name="tell_me"),
    path("tell-me/stop/", waiting.stop, name="stop_waiting"),
    path("tell-me/<uuid:uuid>/", waiting.ask_as_guest, name="tell_guest"),
    path("tell-me/confirm/<str:token>/", waiting.confirm, name="confirm_wait"),
    path("tell-me/end/<str:token>/", waiting.end, name="end_waits"),
    path("coupon/", couponing.apply, name="coupon"),
    path("coupon/remove/", couponing.remove, name="coupon_remove"),
]

wish_list_urls = [
    path("", wishing.page, name="wish_list"),
    path("hearts/", wishing.press, name="wish"),
    path("to-cart/", wishing.move_to_cart, name="wish_to_cart"),
]

urlpatterns = [
    path("cart/", include(cart_urls)),
    path("account/wish-list/", include(wish_list_urls)),
]

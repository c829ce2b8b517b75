"""Checkout, one order, all orders."""

from django.urls import path

from orders.views import (
    aftercare,
    checkout,
    delivery,
    finding,
    order,
    papers,
    paying,
    review,
    reviews,
    webhooks,
)

app_name = "orders"

urlpatterns = [
    path("checkout/", checkout.start, name="checkout"),
    path("checkout/shop/", checkout.choose_shop, name="choose_shop"),
    path("checkout/delivery/", delivery.delivery, name="delivery"),
    path("checkout/delivery/remove/", checkout.remove_shop, name="remove_shop"),
    path("checkout/payment/", checkout.payment, name="payment"),
    path("checkout/review/", review.review, name="review"),
    path("webhooks/payments/<slug:provider>/", webhooks.payments, name="payment_webhook"),
    path("account/orders/", order.orders, name="list"),
    path("account/reviews/", reviews.mine, name="reviews"),
    path("reviews/<uuid:review>/withdraw/", reviews.withdraw, name="withdraw_review"),
    path("reviews/<uuid:review>/report/", reviews.report, name="report_review"),
    path("orders/find/", finding.find, name="find"),
    path("orders/find/sent/", finding.sent, name="link_sent"),
    path("orders/<str:number>/", order.order, name="order"),
    path("orders/<str:number>/pay/", paying.pay_again, name="pay"),
    path("orders/<str:number>/check/", paying.check, name="check_payment"),
    path("orders/<str:number>/invoice/", papers.invoice, name="invoice"),
    path("orders/<str:number>/cancel/", order.cancel, name="cancel"),
    path("orders/<str:number>/parts/<str:part>/return/", aftercare.send_back, name="send_back"),
    path("orders/<str:number>/parts/<str:part>/problem/", aftercare.complain, name="complain"),
    path(
        "orders/<str:number>/parts/<str:part>/problem/withdraw/",
        aftercare.withdraw_complaint,
        name="withdraw_complaint",
    ),
    path("orders/<str:number>/parts/<str:part>/received/", aftercare.received, name="received"),
    path("orders/<str:number>/lines/<uuid:line>/review/", reviews.write, name="write_review"),
    path("orders/<str:number>/returns/<uuid:parcel>/", aftercare.one_return, name="return"),
    path(
        "orders/<str:number>/returns/<uuid:parcel>/pictures/<uuid:picture>/",
        aftercare.return_picture,
        name="return_picture",
    ),
    path(
        "orders/<str:number>/returns/<uuid:parcel>/withdraw/",
        aftercare.withdraw_return,
        name="withdraw_return",
    ),
    path("orders/<str:number>/buy-again/", order.buy_again, name="buy_again"),
    path("orders/<str:number>/links/", order.renew_links, name="renew_links"),
    path(
        "orders/<str:number>/payments/<uuid:payment>/confirm/",
        paying.confirm,
        name="confirm_payment",
    ),
    path(
        "orders/<str:number>/payments/<uuid:payment>/return/",
        paying.returned,
        name="payment_returned",
    ),
]

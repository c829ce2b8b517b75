from django.urls import path

from carts import views

app_name = "carts"

urlpatterns = [
    path("", views.cart, name="cart"),
    path("add/", views.add, name="add"),
    path("update/", views.update, name="update"),
    path("lines/<uuid:line>/remove/", views.remove, name="remove"),
    path("lines/<uuid:line>/save/", views.save_for_later, name="save"),
    path("lines/<uuid:line>/unsave/", views.take_back, name="unsave"),
    path("settle/", views.settle, name="settle"),
    path("delivery/", views.choose_place, name="delivery"),
]

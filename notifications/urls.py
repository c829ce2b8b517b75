from django.urls import include, path

from notifications import browsers, views

app_name = "notifications"

inbox_urls = [
    path("", views.inbox, name="inbox"),
    path("read/", views.mark_all_read, name="read"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("<uuid:uuid>/", views.open_one, name="open"),
]

urlpatterns = [
    path("notifications/", include(inbox_urls)),
    path("account/notifications/", views.preferences, name="preferences"),
    path("account/notifications/browsers/", browsers.turn_on, name="turn_on"),
    path("account/notifications/browsers/move/", browsers.move, name="move"),
    path("account/notifications/browsers/<uuid:uuid>/remove/", browsers.turn_off, name="turn_off"),
]

from django.urls import include, path

from notifications import views

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
]

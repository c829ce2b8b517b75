from django.contrib.sitemaps.views import index, sitemap
from django.urls import path
from django.views.decorators.cache import cache_page

from marketflow.storefront import browsing, machines
from marketflow.storefront.art import art
from marketflow.storefront.home import home
from marketflow.storefront.places import choose_country
from marketflow.storefront.product import product
from marketflow.storefront.recommended import recommended
from marketflow.storefront.stock import levels

hourly = cache_page(machines.HOUR)
sitemaps = {"sitemaps": machines.SITEMAPS}

urlpatterns = [
    path("", home, name="home"),
    path("c/<slug:slug>/", browsing.category, name="category"),
    path("search/", browsing.search, name="search"),
    path("p/<str:slug>/", product, name="product"),
    path("shops/<slug:slug>/", browsing.shop, name="shop"),
    path("stock/", levels, name="stock"),
    path("recommended/", recommended, name="recommended"),
    path("country/", choose_country, name="country"),
    path("art/<str:seed>.svg", art, name="art"),
    path("robots.txt", machines.robots, name="robots"),
    path("sitemap.xml", hourly(index), sitemaps | {"sitemap_url_name": "sitemap"}),
    path("sitemap-<section>.xml", hourly(sitemap), sitemaps, name="sitemap"),
    path("feeds/google.xml", machines.google_feed, name="google-feed"),
]

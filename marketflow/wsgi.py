"""The front door for pages and the API in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")

application = get_wsgi_application()

# MarketFlow's one image: web, sockets, worker, beat and migrate differ only in their command
# (docker-compose.yml). Nothing of the build stage but the virtual environment goes along.

FROM python:3.13-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements/prod.txt /tmp/prod.txt
# Every file is pinned by its hash; what has no wheel is refused rather than compiled.
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/prod.txt


FROM python:3.13-slim-bookworm

RUN useradd --system --uid 10001 --user-group --home-dir /srv/marketflow marketflow \
 && install -d -o marketflow -g marketflow /srv/marketflow /var/lib/marketflow \
      /var/lib/marketflow/media
COPY --from=build /opt/venv /opt/venv

ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=marketflow.settings MARKETFLOW_DATA=/var/lib/marketflow
WORKDIR /srv/marketflow

COPY manage.py ./
COPY templates ./templates
COPY static ./static
COPY marketflow ./marketflow
COPY accounts ./accounts
COPY catalog ./catalog
COPY carts ./carts
COPY orders ./orders
COPY chat ./chat
COPY analytics ./analytics
COPY notifications ./notifications

# Hashed and compressed once, in the image; every other setting waits for the start.
ENV STATIC_ROOT=/srv/marketflow/staticfiles STATIC_MANIFEST=1
RUN python -m compileall -q . \
 && MARKETFLOW_DATA=/tmp/build python manage.py collectstatic --noinput \
 && rm -rf /tmp/build

USER marketflow
VOLUME /var/lib/marketflow
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "marketflow.wsgi", "--bind", "0.0.0.0:8000"]

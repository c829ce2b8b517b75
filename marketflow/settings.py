"""The only settings module. What differs between machines comes from the environment.

No variable at all is the embedded default: SQLite, in-memory cache and channel layer, tasks in
the process. `DATABASE_URL` and `REDIS_URL` switch to the production shape. Every variable stands
in `.env.example`; one that is missing or wrong stops the start with its name.
"""

from __future__ import annotations

from email.utils import parseaddr
from fractions import Fraction
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from marketflow.core.environment import (
    currency,
    flag,
    kept_secret,
    networks,
    number,
    one_of,
    postgresql,
    read,
    sqlite,
    words,
)
from marketflow.core.logs import configure_structlog, logging_config
from marketflow.unfold import UNFOLD, UNFOLD_SELLER  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent

# --- where things are

DATA_DIR = read("MARKETFLOW_DATA", Path, BASE_DIR / "var", "a folder")
DATA_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = read("DATABASE_URL", default="")
REDIS_URL = read("REDIS_URL", default="").rstrip("/")
EMBEDDED = not DATABASE_URL
ENVIRONMENT = read("ENVIRONMENT", default="demo" if EMBEDDED else "production")

DEBUG = flag("DEBUG")
# Accounts and switches that exist for show only; refused by `check --deploy`.
DEMO = flag("DEMO", default=EMBEDDED)
TESTING = flag("MARKETFLOW_TEST")
SECRET_KEY = read("SECRET_KEY", default="") if EMBEDDED else read("SECRET_KEY")
SECRET_KEY = SECRET_KEY or kept_secret(DATA_DIR / "secret_key")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
# Where people reach the site: links in mails, and the origin that sockets are opened from.
SITE_URL = read("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
# The demo is reached by either name of this machine.
ALLOWED_ORIGINS = words(
    "ALLOWED_ORIGINS",
    [SITE_URL, SITE_URL.replace("127.0.0.1", "localhost")] if EMBEDDED else [SITE_URL],
)
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0)
# How many processes answer requests: without Redis each counts up to its share of a limit.
WEB_WORKERS = max(1, number("WEB_WORKERS", 2))
METRICS_ALLOWED_IPS = words("METRICS_ALLOWED_IPS", ["127.0.0.1", "::1"])

# --- the market

MARKETPLACE_NAME = read("MARKETPLACE_NAME", default="MarketFlow")
MARKETPLACE_CURRENCY = read("MARKETPLACE_CURRENCY", currency, "EUR", "an ISO 4217 code")
# What the marketplace keeps of a sale where no rule says otherwise.
MARKETPLACE_COMMISSION = read(
    "MARKETPLACE_COMMISSION", Fraction, Fraction(10), "a percentage, such as 10 or 7.5"
)
# Who runs it: on the help pages, and where the law asks for it.
OPERATOR_NAME = read("OPERATOR_NAME", default=MARKETPLACE_NAME)
OPERATOR_ADDRESS = read("OPERATOR_ADDRESS", default="")
OPERATOR_VAT_NUMBER = read("OPERATOR_VAT_NUMBER", default="")
MARKETPLACE_COUNTRY = read("MARKETPLACE_COUNTRY", default="IE")
ORDER_HOLD_MINUTES = number("ORDER_HOLD_MINUTES", 15)
AUTO_COMPLETE_DAYS = number("AUTO_COMPLETE_DAYS", 14)
# How long a new bank account waits before anything is paid to it.
PAYOUT_COOLING_DAYS = number("PAYOUT_COOLING_DAYS", 3)
ACCESS_TOKEN_MINUTES = number("ACCESS_TOKEN_MINUTES", 5)
REFRESH_TOKEN_DAYS = number("REFRESH_TOKEN_DAYS", 14)
# For how long a message can be changed or taken back.
MESSAGE_EDIT_MINUTES = number("MESSAGE_EDIT_MINUTES", 5)
# How long somebody counts as looking at a conversation after their page said so.
PRESENCE_SECONDS = number("PRESENCE_SECONDS", 90)
PAYMENT_PROVIDERS = words("PAYMENT_PROVIDERS", ["test"])
# The one of them that pays the shops; the first where it is not set.
PAYOUT_PROVIDER = read(
    "PAYOUT_PROVIDER",
    {name: name for name in PAYMENT_PROVIDERS}.__getitem__,
    "",
    "one of PAYMENT_PROVIDERS",
)
# The `test` provider moves no money: a staging site says so on purpose.
ALLOW_TEST_PAYMENTS = flag("ALLOW_TEST_PAYMENTS", default=EMBEDDED)
# Stripe, or whatever speaks its protocol at STRIPE_API_BASE.
STRIPE_SECRET_KEY = read("STRIPE_SECRET_KEY", default="")
STRIPE_PUBLISHABLE_KEY = read("STRIPE_PUBLISHABLE_KEY", default="")
STRIPE_WEBHOOK_SECRET = read("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = read("STRIPE_API_BASE", default="https://api.stripe.com").rstrip("/")
STRIPE_JS_URL = read("STRIPE_JS_URL", default="https://js.stripe.com/v3/")
# Programs may sign in before the address is confirmed only where no mail leaves the machine.
API_NEEDS_CONFIRMED_EMAIL = flag("API_NEEDS_CONFIRMED_EMAIL", default=not EMBEDDED)

# --- applications

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "marketflow.core.apps.MarketAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "csp",
    "django_celery_beat",
    "django_countries",
    "django_filters",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "treebeard",
    "marketflow.core.apps.CoreConfig",
    "accounts",
    "catalog",
    "carts",
    "orders",
    "chat",
    "analytics",
    "notifications",
    "marketflow",
]

MIDDLEWARE = [
    "marketflow.core.middleware.RequestIdMiddleware",
    "marketflow.core.time_zones.TimeZoneMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "marketflow.core.csp.PolicyByPathMiddleware",
    "marketflow.core.api.caching.PrivateUnlessSaidMiddleware",
    "marketflow.core.middleware.ShortQueryMiddleware",
    "marketflow.core.middleware.UnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.DevicesMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "marketflow.urls"
WSGI_APPLICATION = "marketflow.wsgi.application"
ASGI_APPLICATION = "marketflow.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketflow.context_processors.shell",
            ],
        },
    },
]
FORM_RENDERER = "marketflow.core.forms.FormRenderer"

# --- data

DATABASES = {
    "default": sqlite(DATA_DIR / "db.sqlite3")
    if EMBEDDED
    else postgresql(
        DATABASE_URL,
        number("DB_POOL_MAX", 0),
        number("DB_POOL_MIN", 2),
        # Commands and tasks; wsgi.py and asgi.py set shorter ones.
        statement_seconds=number("DB_STATEMENT_SECONDS", 30),
        idle_seconds=number("DB_IDLE_SECONDS", 60),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

# --- cache, channel layer, Celery: Redis together, or memory together

if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "marketflow.core.cache.ForgivingRedisCache",
            "LOCATION": f"{REDIS_URL}/{number('REDIS_CACHE_DB', 1)}",
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [
                    {
                        "address": f"{REDIS_URL}/{number('REDIS_CHANNEL_DB', 2)}",
                        "max_connections": number("REDIS_MAX_CONNECTIONS", 1000),
                    }
                ],
                "prefix": read("REDIS_PREFIX", default="marketflow"),
            },
        }
    }
    CELERY_BROKER_URL = f"{REDIS_URL}/{number('REDIS_BROKER_DB', 0)}"
    CELERY_TASK_ALWAYS_EAGER = flag("CELERY_EAGER")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        # Whoever sends tries a second time, at once: a request must not wait for a broker.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # One process: core.realtime tells its own sockets without it.
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CELERY_BROKER_URL = "memory://localhost/"
    CELERY_TASK_ALWAYS_EAGER = flag("CELERY_EAGER", default=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1}

CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# core.logs does: by the proxies that are trusted, not by whatever a header says.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# --- people

AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:overview"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "accounts.forms.entrance.SignInForm",
    "signup": "accounts.forms.entrance.SignUpForm",
    "reset_password": "accounts.forms.entrance.AskResetForm",
    "reset_password_from_key": "accounts.forms.entrance.ChooseNewPasswordForm",
    "change_password": "accounts.forms.entrance.ChangePasswordForm",
    "add_email": "accounts.forms.entrance.ChangeEmailForm",
    "reauthenticate": "accounts.forms.entrance.ProvePasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Both prove that the mailbox is theirs; the second also where wrong guesses locked the door.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_SESSION_REMEMBER = None
# RATE_LIMITS below counts instead, by atomic counters; this one only spares mailboxes.
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    (
        "change_password",
        "login",
        "login_failed",
        "manage_email",
        "reauthenticate",
        "reset_password",
        "reset_password_from_key",
        "signup",
    )
) | {"confirm_email": "1/60s/key"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https") else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
PASSWORD_RESET_TIMEOUT = 60 * 60

# --- second factors

# Whether what moves money needs one. Off in the embedded default, whose people share a password.
REQUIRE_MFA = flag("REQUIRE_MFA", default=not EMBEDDED)
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = MARKETPLACE_NAME
# The code before and after, for clocks that differ.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http://")
MFA_RATE_LIMITS = False
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factor.SignInCodeForm",
    "reauthenticate": "accounts.forms.second_factor.ProveCodeForm",
    "activate_totp": "accounts.forms.second_factor.AppForm",
    "add_webauthn": "accounts.forms.second_factor.PasskeyForm",
    "edit_webauthn": "accounts.forms.second_factor.PasskeyNameForm",
}
# Pages that ask for it anew, by what their names begin with.
SECOND_FACTOR_PAGES = [
    "seller:accounts_bankaccount_add",
    "seller:accounts_apikey_",
    "admin:accounts_apikey_",
    "admin:accounts_shop_",
    "admin:accounts_user_",
    "admin:auth_group_",
    "admin:orders_",
    "admin:carts_promotion_",
    "admin:carts_taxrate_",
]

# --- the API

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "marketflow.core.api.exceptions.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.KeyAuthentication",
        "accounts.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["marketflow.core.api.permissions.DenyAll"],
    "DEFAULT_PAGINATION_CLASS": "marketflow.core.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "marketflow.core.api.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "marketflow.core.api.browsing.BrowsablePage",
    ],
    "DEFAULT_PARSER_CLASSES": ["marketflow.core.api.parsers.JSONBody"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "ISSUER": "marketflow",
    "AUDIENCE": "marketflow-api",
    "LEEWAY": 30,
    "TOKEN_TYPE_CLAIM": "typ",
    "USER_ID_FIELD": "uuid",
    "USER_ID_CLAIM": "sub",
}
# Keys of their own, so that none opens what SECRET_KEY guards. The first signs; all are read.
JWT_SIGNING_KEYS = words("JWT_SIGNING_KEY") or [f"jwt:{SECRET_KEY}"]
SPECTACULAR_SETTINGS = {
    "TITLE": "MarketFlow API",
    "DESCRIPTION": "Everything a page can do, a program can do.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            scheme: {"type": "apiKey", "in": "header", "name": header, "description": description}
            for scheme, header, description in (
                ("cartToken", "X-Cart-Token", "Opens a guest's cart."),
                ("orderToken", "X-Order-Token", "Opens a guest's order."),
            )
        }
    },
    "ENUM_NAME_OVERRIDES": {
        "LevelEnum": ["in", "low", "out"],
        "PaymentStatusEnum": ["captured", "requires_action", "processing", "failed"],
        "ShopStateEnum": "accounts.models.Shop.State",
        "ProductStateEnum": "catalog.models.Product.State",
        "WrittenProductStateEnum": ["draft", "published"],
        "AttachmentKindEnum": "chat.models.Attachment.Kind",
        "MessageKindEnum": "chat.models.Message.Kind",
        "ProposalKindEnum": "chat.models.Proposal.Kind",
        "ProposalStateEnum": "chat.models.Proposal.State",
        "WebhookStateEnum": ["on", "failing", "off"],
        "DeliveryStateEnum": "notifications.models.WebhookDelivery.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "marketflow.core.api.schema.add_changes",
        "marketflow.core.api.schema.add_errors",
        "marketflow.api.links.add_links",
    ],
    "TAGS": [
        {"name": name}
        for name in (
            "auth",
            "users",
            "categories",
            "products",
            "variants",
            "search",
            "shops",
            "shop-applications",
            "cart",
            "wishlist",
            "checkout",
            "orders",
            "seller-orders",
            "payouts",
            "returns",
            "disputes",
            "conversations",
            "reviews",
            "notifications",
            "webhook-endpoints",
            "webhook-deliveries",
            "recommendations",
            "analytics",
        )
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- words, places, times

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["marketflow.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- files

STATIC_URL = "/static/"
STATIC_ROOT = read("STATIC_ROOT", Path, DATA_DIR / "static", "a folder")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Hashing and compressing take most of a minute: the demo serves straight from the source.
STATIC_MANIFEST = flag("STATIC_MANIFEST", default=not EMBEDDED)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not STATIC_MANIFEST
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
PRIVATE_ROOT = DATA_DIR / "private"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Uploads as they came and imported files: never served by address.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_ROOT, "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "marketflow.static_files.ModuleStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# What a request may be: of its body, how deep its JSON nests, and of the address after the `?`.
DATA_UPLOAD_MAX_MEMORY_SIZE = number("BODY_MAX_BYTES", 2_500_000)
JSON_MAX_LEVELS = number("JSON_MAX_LEVELS", 20)
QUERY_MAX_LENGTH = number("QUERY_MAX_LENGTH", 4000)
FILE_UPLOAD_PERMISSIONS = 0o644
PICTURE_MAX_BYTES = number("PICTURE_MAX_BYTES", 12_000_000)
PICTURE_MAX_PIXELS = number("PICTURE_MAX_PIXELS", 40_000_000)
PICTURE_AVIF = flag("PICTURE_AVIF", default=True)
ATTACHMENT_MAX_BYTES = number("ATTACHMENT_MAX_BYTES", 8_000_000)
IMPORT_MAX_BYTES = number("IMPORT_MAX_BYTES", 50_000_000)
# Shops' pictures are taken from the addresses in an imported file, outside the request.
IMPORT_FETCHES_PICTURES = flag("IMPORT_FETCHES_PICTURES", default=not EMBEDDED)

# --- what programs are told

# Private networks to which webhooks and pushes may go, without TLS too: for one's own machine.
WEBHOOK_ALLOWED_NETWORKS = read("WEBHOOK_ALLOWED_NETWORKS", networks, [], "networks, by commas")

# --- what browsers tell

# Of how many visits in a hundred the pages tell how fast they were and what failed; 0 is none.
VITALS_SAMPLE_PERCENT = number("VITALS_SAMPLE_PERCENT", 100)

# --- what browsers are told

# Web push is on offer where both are set: the key that signs for us (`manage.py make_vapid_key`),
# and where push services reach whoever runs the market, `mailto:…` or `https://…`.
VAPID_PRIVATE_KEY = read("VAPID_PRIVATE_KEY", default="")
VAPID_SUBJECT = read("VAPID_SUBJECT", default="")

# --- mail

EMAIL_URL = read("EMAIL_URL", default="")
if EMAIL_URL:
    import environ

    globals().update(environ.Env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "marketflow.core.console.EmailBackend"
DEFAULT_FROM_EMAIL = read("DEFAULT_FROM_EMAIL", default="MarketFlow <hello@marketflow.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
OPERATOR_EMAIL = read("OPERATOR_EMAIL", default=parseaddr(DEFAULT_FROM_EMAIL)[1])
EMAIL_TIMEOUT = 10

# --- safety

HTTPS = flag("HTTPS", default=not EMBEDDED)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CSRF_TRUSTED_ORIGINS = [origin for origin in ALLOWED_ORIGINS if "://" in origin and origin != "*"]
CSRF_FAILURE_VIEW = "marketflow.storefront.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *words("MEDIA_ORIGINS")],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Limits, each `how many/seconds`, by atomic counters (core.rate_limits).
RATE_LIMITS = {
    name: read(f"RATE_LIMIT_{name.upper()}", default=limit)
    for name, limit in {
        "sign_in_address": "60/300",
        "sign_in_account": "30/300",
        "sign_in_both": "10/300",
        "second_factor": "10/300",
        "register": "20/3600",
        "password_reset": "10/3600",
        "change_account": "30/600",
        "apply_for_shop": "10/3600",
        "save_draft": "300/3600",
        "search": "120/60",
        "suggestions": "600/60",
        "checkout": "30/60",
        "coupon": "20/600",
        "find_order": "10/600",
        "tell_guest": "10/3600",
        "review": "30/600",
        "upload": "120/600",
        "import": "20/3600",
        "message": "20/10",
        "report": "20/3600",
        "webhook_signature": "60/60",
        "api_key": "600/60",
        "socket_message": "20/10",
        "ws_ticket": "60/60",
        "webhook_address": "60/3600",
        "beacon": "120/60",
    }.items()
}
# Open sockets in one process: of a person, and of an address whose people are not signed in.
SOCKETS_PER_USER = number("SOCKETS_PER_USER", 10)
SOCKETS_PER_ADDRESS = number("SOCKETS_PER_ADDRESS", 100)
# Guards that tests may switch off to see them missed; refused outside tests (core.guards).
DISABLED_GUARDS = words("MARKETFLOW_TEST_DISABLE")
# Where a process of a test ends by SIGKILL; refused outside tests (core.guards).
CRASH_POINT = read("MARKETFLOW_TEST_CRASH", default="")

# --- logs

configure_structlog()
LOGGING = logging_config(
    read(
        "LOG_LEVEL",
        one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "WARNING",
        "DEBUG, INFO, WARNING or ERROR",
    )
)
SILENCED_SYSTEM_CHECKS: list[str] = []

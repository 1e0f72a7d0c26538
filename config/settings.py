"""Django settings. What an operator may set is read in config.environment."""

from pathlib import Path
from urllib.parse import urlsplit

from config.background import *  # noqa: F403 -- Celery's settings have a file of their own
from config.environment import BASE_DIR, DATA_DIR, database, env, secret_from_file

# --- Basics ---------------------------------------------------------------------------------

DEBUG = env.bool("DEALPOST_DEBUG", default=False)
SECRET_KEY = env.str("DEALPOST_SECRET_KEY", default="") or secret_from_file("secret_key")
# Seals mailbox passwords and tokens; apart from SECRET_KEY so that either can be changed alone.
VAULT_KEYS = env.list("DEALPOST_VAULT_KEYS", default=[]) or [secret_from_file("vault_key")]
# Where the web process listens, and the address people open; behind a proxy they differ.
LISTEN = env.str("DEALPOST_LISTEN", default="127.0.0.1:8000")
SITE_URL = env.str("DEALPOST_URL", default=f"http://{LISTEN}")
ALLOWED_HOSTS = [
    *env.list("DEALPOST_HOSTS", default=["127.0.0.1", "localhost", "[::1]"]),
    urlsplit(SITE_URL).hostname or "localhost",
]
CSRF_TRUSTED_ORIGINS = env.list("DEALPOST_TRUSTED_ORIGINS", default=[])
# A demo installation says so on every page and may talk to the demo mail server on loopback.
DEMO = env.bool("DEALPOST_DEMO", default=False)

BLOB_DIR = Path(env.str("DEALPOST_BLOBS", default=str(DATA_DIR / "blobs")))
# Networks a mail server may live on although they are private, e.g. "10.1.0.0/16".
ALLOWED_PRIVATE_NETWORKS = env.list("DEALPOST_PRIVATE_NETWORKS", default=[])
# Ports that an account's mail server may listen on.
MAIL_PORTS = env.list(
    "DEALPOST_MAIL_PORTS",
    cast=int,
    default=[25, 110, 143, 443, 465, 587, 993, 994, 995, 2525],
)
# To how many people a day an account writes (fewer where its provider takes fewer), and to how
# many an hour with whom it has never exchanged mail. What is over it waits.
RECIPIENTS_A_DAY = env.int("DEALPOST_RECIPIENTS_A_DAY", default=500)
NEW_RECIPIENTS_AN_HOUR = env.int("DEALPOST_NEW_RECIPIENTS_AN_HOUR", default=50)
# Connections to mail servers that a worker process keeps open between two looks.
MAIL_CONNECTIONS_KEPT = 64
# Proxies in front of us whose X-Forwarded-For may be believed (how many hops).
TRUSTED_PROXIES = env.int("DEALPOST_TRUSTED_PROXIES", default=0)

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "users.apps.OperatorsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "ops.apps.OurStaticFilesConfig",
    "django.forms",
    "django_htmx",
    "template_partials",
    "common",
    "users",
    "sharing",
    "notifications",
    "crm",
    "mailsync",
    "inbox",
    "ops",
]

MIDDLEWARE = [
    "common.middleware.headers_middleware",
    "common.middleware.streams_middleware",
    "ops.middleware.HealthMiddleware",
    "common.middleware.same_site_middleware",
    "common.middleware.plain_query_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "common.middleware.htmx_sign_in_middleware",
    "users.middleware.FirstRunMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "users.middleware.SessionUseMiddleware",
    "users.middleware.PreferencesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

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
                "users.context.company",
                "common.context.shell",
            ],
        },
    },
]

CSRF_FAILURE_VIEW = "common.views.errors.csrf_failed"
FORM_RENDERER = "common.forms.FormRenderer"

# --- Data -----------------------------------------------------------------------------------

DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
else:
    # Shared by all processes, so that a limit on sign-in attempts holds for all of them.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache_entries",
        }
    }

# --- Users and sessions ---------------------------------------------------------------------

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.AddressBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

PASSWORD_RESET_TIMEOUT = 24 * 3600

SESSION_ENGINE = "users.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 24 * 3600  # the absolute end; the idle end is users.middleware's
SESSION_IDLE_SECONDS = 12 * 3600
SECURE_CONNECTION = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_CONNECTION
CSRF_COOKIE_SECURE = SECURE_CONNECTION
# Pages carry the token themselves, so no script reads the cookie.
CSRF_COOKIE_HTTPONLY = True
if SECURE_CONNECTION:
    # A neighbour under the same domain cannot plant cookies of these names (RFC 6265bis 4.1.3.2).
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_CONNECTION else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_CONNECTION and TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Language, time -------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["common.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Static files ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "common.storage.SyncedStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "ops.storage.StaticStorage"
    },
}
MEDIA_ROOT = Path(env.str("DEALPOST_FILES", default=str(DATA_DIR / "files")))

# --- Our own mail (password resets, invitations) ----------------------------------------------

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEALPOST_FROM", default="Dealpost <dealpost@localhost>")

# --- Logging: ids and counts, never content ---------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "common.logs.LineFormatter",
            "format": "%(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("DEALPOST_LOG_LEVEL", default="INFO")},
    "loggers": {
        # A line for each task received and done would bury the others.
        "celery.worker": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "uvicorn.error": {"level": "WARNING"},
    },
}

"""Django settings. Every choice that differs between a PC and a cluster comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from laoke.shops.keys import session_secret
from laoke.shops.place import database_from_url, place_from_env

PLACE = place_from_env()
PACKAGE = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("LAOKE_DEBUG") == "1"
SECRET_KEY = session_secret(PLACE.keys)
ALLOWED_HOSTS = [h for h in os.environ.get("LAOKE_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("LAOKE_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "django_htmx",
    "laoke.shops",
    "laoke.customers",
    "laoke.intake",
    "laoke.work",
    "laoke.groups",
    "laoke.promotions",
    "laoke.insights",
    "laoke.audiences",
    "laoke.dispatch",
    "laoke.service",
    "laoke.campaigns",
    "laoke.web",
    "laoke.config",
]

MIDDLEWARE = [
    # Outermost: the headers stand on static files, refusals and failures too.
    "laoke.web.middleware.SecurityHeaders",
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
    "laoke.web.access.ShopMiddleware",
    "laoke.web.middleware.PlainForms",
    "laoke.web.middleware.FactsAway",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "laoke.config.urls"
WSGI_APPLICATION = "laoke.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "laoke.web.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

DATABASES = {"default": database_from_url(os.environ.get("DATABASE_URL", ""), PLACE.home)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "shops.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("LAOKE_HTTPS") == "1"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
# Facts and decisions carry the shop's local time without zone (DESIGN 4); Django must not shift it.
USE_TZ = False
TIME_ZONE = os.environ.get("LAOKE_TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "/static/"
STATIC_ROOT = PLACE.home / "static"
# Assets are served straight from the packages: no collect step stands between an update and the page.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PLACE.uploads},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = PLACE.staging if PLACE.staging.is_dir() else None
FILE_UPLOAD_PERMISSIONS = 0o600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LAOKE_LOG", "WARNING")},
    # What HTTP libraries tell when they are asked to tell all: addresses with numbers in them.
    "loggers": {
        "axes": {"level": "ERROR"},
        "urllib3": {"level": "WARNING"},
        "requests": {"level": "WARNING"},
    },
}

# Receipts of gateways and systems that send facts need an address that others can reach; empty is that of the page.
PUBLIC_URL = os.environ.get("LAOKE_PUBLIC_URL", "")

# Seconds after which a count is ended: one that somebody waits for while typing, and one of the worker's.
COUNT_SECONDS = float(os.environ.get("LAOKE_COUNT_SECONDS") or 10)
WORKER_COUNT_SECONDS = float(os.environ.get("LAOKE_WORKER_COUNT_SECONDS") or 600)

# A page prices at most so many baskets itself, one order under one plan being one; what is more the worker prices.
PAGE_BASKETS = int(os.environ.get("LAOKE_PAGE_BASKETS") or 200_000)

"""One settings file, read from the environment. The defaults are safe for production.

`.env.example` lists every variable. PORTAL_MODE is `production` unless it says `demo` or `test`.
"""

from __future__ import annotations

from pathlib import Path

from celery.schedules import crontab
from kombu import Queue

from portal.core import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.text("PORTAL_MODE", "production")
if MODE not in {"production", "demo", "test"}:
    raise env.BadEnvironment(f"PORTAL_MODE is {MODE!r}: use production, demo or test")
PRODUCTION = MODE == "production"

DATA_DIR = Path(env.text("PORTAL_DATA_DIR") or BASE_DIR / "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY") or ("" if PRODUCTION else "only-for-demo-and-tests-" * 3)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
if PRODUCTION:
    # Here and not in a system check: gunicorn and celery run no system checks.
    env.refuse_unsafe_production(secret_key=SECRET_KEY, allowed_hosts=ALLOWED_HOSTS)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_tables2",
    "template_partials",
    "axes",
    "portal.core",
    "customers",
    "downloads",
    "assistant",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.core.middleware.PagesFirstMiddleware",
    "portal.core.middleware.SecurityHeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.core.middleware.ScopeMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
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
                "portal.core.context.shell",
                "downloads.context.badge",
                "assistant.context.panel",
            ],
            "builtins": ["template_partials.templatetags.partials", "portal.core.templatetags.portal_ui"],
        },
    }
]

DATABASES = {"default": env.database(env.text("DATABASE_URL"), data_dir=DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# An index with columns beside its keys is a plain one on SQLite, and serves there as well.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# People and sessions
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "portal.core.auth.MembershipBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if MODE == "test":  # a slow hash is the point elsewhere
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "signin"
SESSION_COOKIE_AGE = 60 * 60 * env.number("SESSION_HOURS", 12)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # the token travels in forms and in a meta tag
CSRF_FAILURE_VIEW = "portal.core.errors.csrf_failed"

# Five wrong passwords for one e-mail address from one address lock that pair for 15 minutes.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "portal.core.auth.client_address"
AXES_LOCKOUT_CALLABLE = "portal.core.auth.locked_out"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_VERBOSE = False

# Transport security. HTTPS_ONLY=false is for a trial behind no proxy.
HTTPS_ONLY = env.flag("HTTPS_ONLY", default=PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes come from inside, without TLS
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31536000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Named as in Django 6, where the middleware of ours goes away.
SECURE_CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"

# Language and time: everything is UTC, as in Partner Center.
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "portal.formats"
USE_I18N = True
USE_TZ = True

# Static files and files of people
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise complains of a folder that is not there yet
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
S3_BUCKET = env.text("S3_BUCKET")
if S3_BUCKET:
    from boto3.s3.transfer import TransferConfig

    _FILES = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
            "region_name": env.text("S3_REGION") or None,
            "access_key": env.text("S3_ACCESS_KEY") or None,
            "secret_key": env.text("S3_SECRET_KEY") or None,
            "file_overwrite": True,
            "default_acl": None,
            # In the thread of the worker, which renews its lease while it uploads.
            "transfer_config": TransferConfig(use_threads=False),
        },
    }
else:
    _FILES = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(MEDIA_ROOT)}}
STORAGES = {
    "default": _FILES,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Processes that make reports, and so share a big one: one for each processor that the database has to spare.
REPORT_WORKERS = env.number("REPORT_WORKERS", 2)

# Work in the background. No broker: files in the data folder.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or "embedded://localhost"
_EMBEDDED = CELERY_BROKER_URL.startswith("embedded")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"queue_folder": str(DATA_DIR / "queue"), "polling_interval": 0.1}
    if _EMBEDDED
    # A message comes back only after the hard time limit; see ADR 0008.
    else {"visibility_timeout": 3600, "unacked_restore_interval": 10, "unacked_restore_throttle": 1}
)
CELERY_TASK_QUEUES = [Queue("default", routing_key="default"), Queue("reports", routing_key="reports")]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "downloads.run_report": {"queue": "reports"},
    "downloads.*": {"queue": "default"},
    "customers.*": {"queue": "default"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 2400
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "portal.core.worker_pool:TaskPool"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    # The messages end with the next ones: a worker that was away does not find a pile.
    "downloads.sweep": {"task": "downloads.sweep", "schedule": 10.0, "options": {"expires": 30}},
    "downloads.request_scheduled": {
        "task": "downloads.request_scheduled",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "downloads.expire": {"task": "downloads.expire", "schedule": 3600.0, "options": {"expires": 3600}},
    "customers.validate_partner_of_record": {
        "task": "customers.validate_partner_of_record",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 3600 * 12},
    },
    "customers.refresh_renewals": {
        "task": "customers.refresh_renewals",
        "schedule": crontab(hour=0, minute=10),
        "options": {"expires": 3600 * 12},
    },
}

# The assistant: questions of one person in a minute, and how long a verification ID is valid.
ASSISTANT_QUESTIONS_PER_MINUTE = env.number("ASSISTANT_QUESTIONS_PER_MINUTE", 30)
ASSISTANT_PROPOSAL_MINUTES = env.number("ASSISTANT_PROPOSAL_MINUTES", 30)

# A language model for sentences that the assistant does not understand by itself. Empty: none is asked.
ASSISTANT_MODEL_URL = env.text("ASSISTANT_MODEL_URL")
ASSISTANT_MODEL_NAME = env.text("ASSISTANT_MODEL_NAME")
ASSISTANT_MODEL_KEY = env.text("ASSISTANT_MODEL_KEY")
ASSISTANT_MODEL_AZURE_VERSION = env.text("ASSISTANT_MODEL_AZURE_VERSION")
ASSISTANT_MODEL_SECONDS = env.number("ASSISTANT_MODEL_SECONDS", 3)
ASSISTANT_MODEL_SEES = env.text("ASSISTANT_MODEL_SEES", "masked")
if ASSISTANT_MODEL_SEES not in {"masked", "sentence"}:
    raise env.BadEnvironment(f"ASSISTANT_MODEL_SEES is {ASSISTANT_MODEL_SEES!r}: use masked or sentence")

# E-mail: to the console unless a server is named.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.console.EmailBackend"
)

EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM") or "portal@localhost"
# Where people reach the portal, for links in e-mail: https://portal.example
PORTAL_URL = env.text("PORTAL_URL").rstrip("/")

DJANGO_TABLES2_TEMPLATE = "ui/table.html"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}

"""Django's settings. Everything that a deployment may change is read through ``atrium.env``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atrium import production
from atrium.database_url import database_settings
from atrium.env import Environment

env = Environment()
BASE_DIR = Path(__file__).resolve().parents[2]

DEBUG = env["ATRIUM_DEBUG"]
INSECURE_HTTP = DEBUG or env["ATRIUM_INSECURE_HTTP"]
SECRET_KEY = env["ATRIUM_SECRET_KEY"] or (production.THROWAWAY_KEY if DEBUG else "")
SECRET_KEY_FALLBACKS = env["ATRIUM_SECRET_KEY_FALLBACKS"]
ATRIUM_ENCRYPTION_KEYS = env["ATRIUM_ENCRYPTION_KEYS"] or ((production.THROWAWAY_ENCRYPTION_KEY,) if DEBUG else ())
ATRIUM_PUBLIC_HOST = env["ATRIUM_PUBLIC_HOST"].lower() or ("localhost" if DEBUG else "")
ALLOWED_HOSTS = env["ATRIUM_ALLOWED_HOSTS"] or ([".localhost", "localhost", "127.0.0.1"] if DEBUG else [])
CSRF_FAILURE_VIEW = "atrium.error_pages.form_expired"
CSRF_TRUSTED_ORIGINS = env["ATRIUM_CSRF_TRUSTED_ORIGINS"]

# -- apps and the schemas that they live in. Tables of ATRIUM_APPS say it per model (tenants/router.py).
_FRAMEWORK_IN_BOTH = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin.apps.SimpleAdminConfig",  # no autodiscovery: atrium/consoles.py says which site has what
]
ATRIUM_APPS = ["tenants", "rag", "assistants", "embed", "atrium"]
_EXAMPLE = ["atrium.demo.example"] if env["ATRIUM_EXAMPLE"] else []
SHARED_APPS = [*_FRAMEWORK_IN_BOTH, "procrastinate.contrib.django", *ATRIUM_APPS]
TENANT_APPS = [*_FRAMEWORK_IN_BOTH, *ATRIUM_APPS, *_EXAMPLE]
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before django_tenants and the admin: its templates win
    "unfold.contrib.filters",
    "django_tenants",
    *_FRAMEWORK_IN_BOTH,
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "ninja",  # the API's interactive page, with its scripts from here and not from elsewhere
    *ATRIUM_APPS,
    *_EXAMPLE,
]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_SYNC_ROUTER = "tenants.router.SchemaRouter"
DATABASE_ROUTERS = [TENANT_SYNC_ROUTER]
PUBLIC_SCHEMA_NAME = "public"
AUTH_USER_MODEL = "tenants.User"
SESSION_ENGINE = "tenants.sessions"
AUTHENTICATION_BACKENDS = ["tenants.sign_in.MemberBackend"]

# -- database: a pool per process, as many threads as connections
DATABASES: dict[str, Any] = {"default": database_settings(env)}
ATRIUM_DATABASE_THREADS = DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
ATRIUM_TENANT_ROLES = env["ATRIUM_TENANT_ROLES"]
ATRIUM_TOOL_THREADS = env["ATRIUM_TOOL_THREADS"]
ATRIUM_WORKER_CONCURRENCY = env["ATRIUM_WORKER_CONCURRENCY"]
ATRIUM_FORWARDED_ALLOW_IPS = env["FORWARDED_ALLOW_IPS"]
REDIS_URL = env["REDIS_URL"]  # requests are counted there for rate limits, where there is one
ATRIUM_DOCUMENTS_AT_ONCE = env["ATRIUM_DOCUMENTS_AT_ONCE"]
ATRIUM_EXTRACTION_PROCESSES = env["ATRIUM_EXTRACTION_PROCESSES"]
ATRIUM_EXTRACTION_MEMORY_MB = env["ATRIUM_EXTRACTION_MEMORY_MB"]
ATRIUM_EXTRACTION_SECONDS = env["ATRIUM_EXTRACTION_SECONDS"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- web
ROOT_URLCONF = "atrium.urls"
PUBLIC_SCHEMA_URLCONF = "atrium.urls_public"
ASGI_APPLICATION = "atrium.asgi.application"
ATRIUM_REFUSE = "atrium.problems.refuse"
MIDDLEWARE = [
    "atrium.middleware.RequestMiddleware",
    "atrium.health.HealthMiddleware",
    "atrium.middleware.ContentSecurityMiddleware",
    "tenants.middleware.TenantMiddleware",  # before anything asks for the host's name
    "embed.cors.CorsMiddleware",
    "atrium.middleware.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "atrium.middleware.SessionMiddleware",
    "atrium.middleware.CsrfViewMiddleware",
    "atrium.middleware.AuthenticationMiddleware",
    "atrium.middleware.MessageMiddleware",
    "atrium.middleware.XFrameOptionsMiddleware",
    "atrium.middleware.SyncViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "platform" / "atrium" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ATRIUM_SIGN_IN_ATTEMPTS = env["ATRIUM_SIGN_IN_ATTEMPTS"]
ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS = env["ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS"]
ATRIUM_SIGN_IN_LOCK_MINUTES = env["ATRIUM_SIGN_IN_LOCK_MINUTES"]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds that the link to a new password works
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes of a request body that is no file upload

# -- safe by default; only plain HTTP on purpose takes these off
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not INSECURE_HTTP
SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
# These three look for Django's middleware by name; ours are the same classes, called without a thread hop
# (atrium/middleware.py). A test runs Django's checks with the names that they know.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]

# -- static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / env["ATRIUM_STATIC_ROOT"]
_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists()
SERVESTATIC_USE_FINDERS = not _COLLECTED
SERVESTATIC_AUTOREFRESH = DEBUG  # else it remembers a file's size, and cuts one that was edited
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED or env["ATRIUM_STATIC_ROOT"] != "staticfiles"
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- language and time
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# -- cache: in the process, and a tenant's own: what one tenant's page keeps is never another's to find
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "django_tenants.cache.make_key",
    }
}

# -- addresses that tenants give are reached only when they are public, and at these ports (tenants/network)
ATRIUM_NETWORK_ALLOW = env["ATRIUM_NETWORK_ALLOW"]
ATRIUM_UPLOAD_MB = env["ATRIUM_UPLOAD_MB"]
ATRIUM_NETWORK_PORTS = env["ATRIUM_NETWORK_PORTS"]

# -- models: without a key the offline model and the offline embedder answer
ATRIUM_OPENAI_API_KEY = env["OPENAI_API_KEY"]
ATRIUM_OPENAI_BASE_URL = env["OPENAI_BASE_URL"]
ATRIUM_CHAT_MODEL = env["ATRIUM_CHAT_MODEL"] or "gpt-4o-mini"
ATRIUM_EMBEDDING_MODEL = env["ATRIUM_EMBEDDING_MODEL"]
ATRIUM_EMBEDDING_DIMENSION = env["ATRIUM_EMBEDDING_DIMENSION"]
ATRIUM_RERANKER = env["ATRIUM_RERANKER"]
ATRIUM_MODEL_PRICES = env["ATRIUM_MODEL_PRICES"]
ATRIUM_RUN_TIMEOUT = env["ATRIUM_RUN_TIMEOUT"]
ATRIUM_RUN_WAIT_DAYS = env["ATRIUM_RUN_WAIT_DAYS"]
ATRIUM_AUDIT_DAYS = env["ATRIUM_AUDIT_DAYS"]
ATRIUM_RUN_EVENTS_DAYS = env["ATRIUM_RUN_EVENTS_DAYS"]
# what an operator decides about patience; the rest of AI_ASSISTANT_MODEL_* is in assistants/llm/resilience/policy.py
AI_ASSISTANT_MODEL_FALLBACKS = env["AI_ASSISTANT_MODEL_FALLBACKS"]
AI_ASSISTANT_MODEL_RETRIES = env["AI_ASSISTANT_MODEL_RETRIES"]
AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS = env["AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS"]
AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS = env["AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS"]
AI_ASSISTANT_MODEL_TOTAL_SECONDS = env["AI_ASSISTANT_MODEL_TOTAL_SECONDS"]
ATRIUM_HEARTBEAT_EVERY = env["ATRIUM_HEARTBEAT_EVERY"]
ATRIUM_DEAD_AFTER = env["ATRIUM_DEAD_AFTER"]
production.refuse_hasty(every=ATRIUM_HEARTBEAT_EVERY, dead_after=ATRIUM_DEAD_AFTER)

# -- e-mail: without a mail server, to the output of the process that sends it, which is the worker
EMAIL_HOST = env["ATRIUM_EMAIL_HOST"]
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env["ATRIUM_EMAIL_PORT"]
EMAIL_HOST_USER = env["ATRIUM_EMAIL_USER"]
EMAIL_HOST_PASSWORD = env["ATRIUM_EMAIL_PASSWORD"]
EMAIL_USE_TLS = env["ATRIUM_EMAIL_SECURITY"] == "starttls"
EMAIL_USE_SSL = env["ATRIUM_EMAIL_SECURITY"] == "tls"
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env["ATRIUM_EMAIL_FROM"]

# -- jobs
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

# -- logs: what happened, never what was said
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "atrium.logs.JsonFormatter"},
        "plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"},
    },
    "filters": {"context": {"()": "atrium.logs.ContextFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env["ATRIUM_LOG_JSON"] else "plain",
            "filters": ["context"],
        }
    },
    "root": {"handlers": ["console"], "level": env["ATRIUM_LOG_LEVEL"]},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "uvicorn": {"handlers": [], "propagate": True},
        "uvicorn.error": {"handlers": [], "propagate": True},
        "uvicorn.access": {"level": "WARNING"},  # atrium.request says more, and knows the tenant
    },
}

production.refuse_unsafe(
    debug=DEBUG, secret_key=SECRET_KEY, allowed_hosts=ALLOWED_HOSTS, public_host=ATRIUM_PUBLIC_HOST
)

from atrium.console_look import ISSUES, UNFOLD, UNFOLD_OPERATOR, UNFOLD_TENANT  # noqa: E402, F401  after what it builds on

if _EXAMPLE:
    UNFOLD_TENANT["SIDEBAR"]["navigation"].append(ISSUES)

"""The web server's entry point (uvicorn)."""

import os

from django.core.asgi import get_asgi_application
from django.db import connections

from common.bodies import bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = bounded(get_asgi_application())

# Each request runs in a thread of its own (asgiref's ThreadSensitiveContext), so a connection kept
# for the next one is never used again: PostgreSQL would soon have no more to give.
for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 0

"""The Celery application. A broker message is only a bell: the rows are the queue of record."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("dealpost")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

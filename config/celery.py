"""The Celery application. A broker message is only a bell: the rows are the queue of record."""

import os

from celery import Celery

from ops.broker import register

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

register()
app = Celery("dealpost")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

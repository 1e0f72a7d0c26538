"""A small Celery application on the embedded broker, run by the tests in processes of their own."""

import os
import time
from pathlib import Path

from celery import Celery

from ops.broker import register

register()
FOLDER = Path(os.environ["BROKER_TEST_FOLDER"])

app = Celery("broker_app", broker=f"sqlitelease://{FOLDER}/broker.sqlite3")
app.conf.update(
    broker_transport_options={"polling_interval": 0.05, "lease": 1.5},
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


def log(line):
    with (FOLDER / "log").open("a") as handle:
        handle.write(line + "\n")


@app.task
def work(number, seconds=0.0):
    log(f"begun {number}")
    time.sleep(seconds)
    log(f"done {number}")

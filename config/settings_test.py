"""Settings of the tests: quick hashing, tasks that run at once, no files outside a scratch folder."""

import os
import tempfile

os.environ.setdefault("DEALPOST_DATA", tempfile.mkdtemp(prefix="dealpost-test-"))
os.environ.setdefault("DEALPOST_SECRET_KEY", "a key for tests only")

from config.settings import *  # noqa: F403 -- a settings module is a star import by nature

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Tests read templates, not the files that collectstatic makes.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A test's server ends with the test.
MAIL_CONNECTIONS_KEPT = 0
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# WhiteNoise warns when there is no such folder.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# The live server of browser tests serves static files as they lie in the tree.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# The tests' transaction lives as long as its connection: no request may end that.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False

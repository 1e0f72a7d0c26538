from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class OpsConfig(AppConfig):
    default = True
    name = "ops"

    def ready(self) -> None:
        import ops.checks  # noqa: F401 -- app ready


class OurStaticFilesConfig(StaticFilesConfig):
    # django-htmx is used for its middleware; its scripts are another version than ours, and one
    # of them names a file that does not exist.
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx"]

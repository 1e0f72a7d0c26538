from django.apps import AppConfig


class CRMConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        import crm.receivers  # noqa: F401 -- app ready

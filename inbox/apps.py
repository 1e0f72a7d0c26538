from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from inbox import receivers  # noqa: F401 -- app ready: connects the receivers
        from inbox.domain import first_steps, own_places, search_source

        search_source.register()
        own_places.register()
        first_steps.register()
        from inbox.domain import compose, reminders, triage  # leaf
        from notifications.domain import bell

        bell.register_kind(compose.STOPPED, compose.stopped_lines)
        bell.register_kind(reminders.KIND, reminders.lines)
        bell.register_kind(triage.ASSIGNED, triage.assigned_lines)

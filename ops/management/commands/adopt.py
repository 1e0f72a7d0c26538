"""Takes the keys and folders of this machine as those of the installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ops.errors import StartError
from ops.running.belongings import adopt_belongings


class Command(BaseCommand):
    help = (
        "Run once after a key was changed or lost, or a folder was put back without its mark:"
        " a start compares them with what the database was set up with."
    )

    def handle(self, *args: object, **options: Any) -> None:
        try:
            adopt_belongings()
        except StartError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("The keys and folders of this machine are the installation's now.")

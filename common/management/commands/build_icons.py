from typing import Any

from django.core.management.base import BaseCommand

from common.icons import SPRITE, build_sprite, listed_icons


class Command(BaseCommand):
    help = "Makes static/icons.svg out of the icons named in static/icons.txt."

    def handle(self, *args: Any, **options: Any) -> None:
        SPRITE.write_text(build_sprite())
        self.stdout.write(f"{len(listed_icons())} icons in {SPRITE.name}")

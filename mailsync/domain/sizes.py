"""How much the files of a mail may weigh, by the provider that is to take it."""

from collections.abc import Iterable

from mailsync.enums import Direction
from mailsync.models import ServerSettings
from mailsync.providers.presets import preset_for_host

MEGABYTE = 1024 * 1024
# Most providers take messages of 25 MB, and base64 adds a third (RFC 2045 6.8).
USUAL_MEGABYTES = 18


def files_megabytes(account_ids: Iterable[int]) -> dict[int, int]:
    """For each of these accounts, in one query."""
    found = dict.fromkeys(account_ids, USUAL_MEGABYTES)
    hosts = ServerSettings.objects.filter(account__in=found, direction=Direction.OUTGOING)
    for account_id, host in hosts.values_list("account_id", "host"):
        preset = preset_for_host(host)
        if preset and preset.files_megabytes:
            found[account_id] = preset.files_megabytes
    return found

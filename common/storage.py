"""Files that outlive a power cut, as the rows that name them do.

A file is on the disk before the row that names it can be committed, and its name with it; it is
removed only when the commit that no longer names it is on the disk.
"""

from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage

from common.durable import settle, sync


class SyncedStorage(FileSystemStorage):
    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        saved = super().save(name, content, max_length)
        path, root = Path(self.path(saved)), Path(self.location)
        sync(path)
        # Each folder knows the next by its name, from the file up to the one above the root,
        # which may be new as well.
        while path != root.parent:
            path = path.parent
            sync(path)
        return saved

    def delete(self, name: str) -> None:
        settle()
        super().delete(name)

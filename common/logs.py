"""Lines of the log, which more eyes see than the database: ids, counts and codes, never content.

Two things would bring content in by themselves. An exception says with what it failed: a database
quotes the row that it refused, a conversion the text that it could not read. And a path may hold
a key: whoever reads the link for a new password in a log can use it before its owner does.
"""

import copy
import logging
import re
import traceback
from typing import Any

# Links that work for whoever has them.
_KEYS_IN_PATHS = re.compile(r"/(join|password/reset)/[^\s?]+")
_CODE = re.compile(r"[a-z0-9_]{1,60}")


def named(error: BaseException) -> str:
    """An exception without what it says: its kind, and the code that ours and the system's have."""
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    code = getattr(error, "code", None) or getattr(error, "sqlstate", None)
    code = code or getattr(error, "errno", None)
    return f"{name} {code}" if code and _CODE.fullmatch(str(code).lower()) else name


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        # Another handler may have left its own text there.
        record.exc_text = None
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(record.args, dict) and "exc" in record.args:
            # Celery's words for a task that broke hold the exception a second time.
            record.args = {**record.args, "exc": named(error) if error else ""}
        return _KEYS_IN_PATHS.sub(r"/\1/…", super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- the parent's name
        """Where it broke and why, as Python writes it, without the words of the exceptions."""
        parts = [
            f"{''.join(traceback.format_tb(error.__traceback__))}{named(error)}"
            for error in _chain(ei[1])
        ]
        return "\n".join(reversed(parts))


def _chain(error: BaseException | None) -> list[BaseException]:
    """The exception and those that it came from, each once, the newest first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found

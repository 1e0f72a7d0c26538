"""What differs between two answers that say the same."""

import re
from typing import AnyStr

_ACCIDENTS = rb'(X-CSRFToken": "|csrfmiddlewaretoken" value="|nonce="|/events/\?since=)[^"]*'
_IN_BYTES, _IN_TEXT = re.compile(_ACCIDENTS), re.compile(_ACCIDENTS.decode())


def without_accidents(answer: AnyStr) -> AnyStr:
    """An answer without its tokens and the moment at which it was written."""
    if isinstance(answer, bytes):
        return _IN_BYTES.sub(b"", answer)
    return _IN_TEXT.sub("", answer)

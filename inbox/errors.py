"""Why an act of the inbox cannot be done as asked: codes that pages turn into sentences."""


class ComposeError(Exception):
    """The mail cannot be sent as it is; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail

"""An error as a service of AWS answers it."""

from typing import Any


class ApiError(Exception):
    """more: members of the error's own, beside its message."""

    def __init__(self, code: str, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.more = code, message, status, more

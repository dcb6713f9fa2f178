"""Pace: how long a model takes over a body, so that what holds up others is left to a thread."""

#: Of a body that is always quick. What it takes says nothing about large ones.
SMALL_BYTES = 16 * 1024
#: What others may wait. It is how long Python lets a thread compute before it lets others, so that
#: they would wait no less for one.
MOST_SECONDS = 0.005


class Pace:
    """What a byte of a large body took last; at first it is taken to be slow."""

    def __init__(self) -> None:
        self._seconds_of_a_byte = MOST_SECONDS / SMALL_BYTES

    def is_quick(self, size: int) -> bool:
        """Whether a body of so many bytes is likely to be answered soon."""
        return size <= SMALL_BYTES or size * self._seconds_of_a_byte <= MOST_SECONDS

    def took(self, size: int, seconds: float, *, scored: bool) -> None:
        """Learn from a body of so many bytes; seconds: of the processor, without any waiting.

        One that was refused may have been so before it was scored: it tells what takes long alone.
        """
        if size > SMALL_BYTES:
            least = 0.0 if scored else self._seconds_of_a_byte
            self._seconds_of_a_byte = max(seconds / size, least)

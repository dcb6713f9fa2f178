"""Field names: whether names of columns or classes may be names of a Struct's fields."""

import re
from collections.abc import Iterable

#: What JSON escapes; msgspec writes and reads the names of fields as they are.
_ESCAPED = re.compile(r'["\\\x00-\x1f]')


def are_field_names(names: Iterable[str]) -> bool:
    """Whether msgspec takes all of them.

    >>> are_field_names(["a b", "é.`]'"]), are_field_names(['6" pipe'])
    (True, False)
    """
    return not any(map(_ESCAPED.search, names))

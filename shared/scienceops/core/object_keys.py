"""Object keys: what may be a key in every platform's bucket."""

from scienceops.errors import BadInput

#: The least that a platform allows: S3 takes 1024 bytes a key, a file system 255 bytes a name.
LONGEST_KEY_BYTES = 1024
LONGEST_NAME_BYTES = 255


def check_object_key(key: str) -> str:
    """`key` itself when every platform can store it; raises BadInput otherwise.

    >>> check_object_key("packages/iris/model.zip")
    'packages/iris/model.zip'
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise BadInput(f"{key!r} is no object key: wanted names joined by single '/', without '..'")
    if "\0" in key or "\\" in key:
        raise BadInput(f"{key!r} is no object key: a name has neither NUL nor backslash")
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        raise BadInput(f"{key!r} is no object key: it is not text that UTF-8 can write") from None
    if max(sizes) > LONGEST_NAME_BYTES or sum(sizes) + len(parts) - 1 > LONGEST_KEY_BYTES:
        raise BadInput(
            f"{key[:60]!r}... is no object key: wanted at most {LONGEST_KEY_BYTES} bytes, "
            f"and {LONGEST_NAME_BYTES} between two '/'"
        )
    return key

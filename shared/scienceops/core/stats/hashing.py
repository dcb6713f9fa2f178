"""Hashes: the same 64 bits for the same value, on every machine and in every process."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

HashArray = npt.NDArray[np.uint64]

#: A longer string is hashed by the standard library, so that one giant costs no thousand passes.
_LONGEST_VECTORISED_BYTES = 2048


def mix64(values: HashArray) -> HashArray:
    """Each 64-bit number with its bits mixed well; distinct numbers stay distinct.

    Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014 (the finaliser of SplitMix64).

    >>> int(mix64(np.array([0], dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF
    True
    """
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def hash_numbers(values: npt.NDArray[np.float64]) -> HashArray:
    """One hash per number; -0.0 and 0.0 are one value.

    >>> a, b = hash_numbers(np.array([0.0, -0.0]))
    >>> bool(a == b)
    True
    """
    return mix64((values + 0.0).view(np.uint64))


def hash_bytes(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> HashArray:
    """One hash per string of a packed buffer: string i is data[offsets[i]:offsets[i + 1]].

    Reads eight bytes of every string at a time, so the work is one pass per eight bytes of the
    longest one.
    """
    starts = offsets[:-1].astype(np.int64)
    lengths = offsets[1:].astype(np.int64) - starts
    hashes = mix64(lengths.astype(np.uint64))
    # Eight zero bytes behind the end let the last word of the last string be read whole.
    padded = np.concatenate([data, np.zeros(8, dtype=np.uint8)])
    words = np.ndarray(shape=(len(data) + 1,), dtype="<u8", buffer=padded, strides=(1,))
    for index in np.flatnonzero(lengths > _LONGEST_VECTORISED_BYTES):
        text = data[starts[index] : starts[index] + lengths[index]].tobytes()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        hashes[index] = np.uint64(int.from_bytes(digest, "little"))
    active = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST_VECTORISED_BYTES))
    position = 0
    while len(active):
        word = words[starts[active] + position]
        left = np.minimum(lengths[active] - position, 8).astype(np.uint64)
        word &= np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(64) - left * np.uint64(8))
        hashes[active] = mix64(hashes[active] ^ word)
        position += 8
        active = active[lengths[active] > position]
    return hashes


def hash_strings(texts: Sequence[str]) -> HashArray:
    """One hash per string; equal to `hash_bytes` over their UTF-8.

    >>> a, b, c = hash_strings(["été", "ete", "été"])
    >>> bool(a == c), bool(a == b)
    (True, False)
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return hash_bytes(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)


def row_keys(request_hashes: HashArray, rows: npt.NDArray[np.integer]) -> HashArray:
    """One 64-bit key per captured row, from the hash of its request id and its row number."""
    return mix64(request_hashes ^ mix64(rows.astype(np.uint64)))


def sequence_keys(count: int) -> HashArray:
    """Keys for rows that have no id of their own, such as those of a training set."""
    return mix64(np.arange(count, dtype=np.uint64))

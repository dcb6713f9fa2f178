"""Hostile and broken zips: each is refused with the file at fault and a way out."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_pack import package_bytes, package_files

from scienceops.core.archive import MOST_FILES
from scienceops.core.package import read_package
from scienceops.errors import BadPackage

LIMIT = 10 * 1024**2
SOUND = package_bytes()


def refusal(data, limit_bytes=LIMIT):
    with pytest.raises(BadPackage) as caught:
        read_package(io.BytesIO(data), limit_bytes=limit_bytes)
    assert caught.value.fix
    return caught.value


def with_entry(entry, data=b"x"):
    out = io.BytesIO(SOUND)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(entry, data)
    return out.getvalue()


def with_mode(mode):
    entry = zipfile.ZipInfo("extra.txt")
    entry.external_attr = mode << 16
    return with_entry(entry, b"/etc/passwd")


def test_an_empty_file_is_refused():
    assert "0 bytes" in refusal(b"").reason


@pytest.mark.parametrize("data", [b"x", b"no zip" * 100, SOUND[:-1], SOUND[: len(SOUND) // 2]])
def test_what_is_no_whole_zip_is_refused(data):
    assert refusal(data).reason == "not a zip, or only a part of one"


def test_bytes_after_the_zip_are_refused():
    assert refusal(SOUND + b"\0").reason == "not a zip, or only a part of one"


def test_a_zip_over_the_limit_is_refused_before_it_is_opened():
    assert "over the limit of 100" in refusal(SOUND, limit_bytes=100).reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.txt", "leads out of the package"),
        ("a/../../evil.txt", "leads out of the package"),
        ("/etc/evil", "is an absolute path"),
        ("C:evil", "is an absolute path"),
        ("..\\evil.txt", "has a backslash"),
        ("folder/evil.txt", "lies in a folder"),
        ("folder/", "lies in a folder"),
        (".hidden", "characters that are not allowed"),
        ("new\nline", "characters that are not allowed"),
        ("büro.txt", "characters that are not allowed"),
    ],
)
def test_a_name_that_is_not_flat_is_refused(name, reason):
    error = refusal(with_entry(name))
    assert reason in error.reason
    assert error.file == name


def test_a_name_with_a_hidden_end_is_refused():
    data = with_entry("score.pyX.txt").replace(b"score.pyX.txt", b"score.py\0.txt")
    assert "characters that are not allowed" in refusal(data).reason


@pytest.mark.parametrize("name", ["model.skops", "MODEL.skops"])
def test_a_file_that_is_there_twice_is_refused(name):
    # Writing one name twice is what zipfile warns of, so the second is renamed in the bytes.
    data = with_entry("x" * len(name)).replace(b"x" * len(name), name.encode())
    error = refusal(data)
    assert (error.file, error.reason) == (name, "it is there twice")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFLNK | 0o777, "it is a symbolic link"),
        (stat.S_IFIFO | 0o644, "it is no regular file"),
        (stat.S_IFCHR | 0o644, "it is no regular file"),
    ],
)
def test_what_is_no_regular_file_is_refused(mode, reason):
    assert refusal(with_mode(mode)).reason == reason


def test_an_encrypted_file_is_refused():
    data = bytearray(SOUND)
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refusal(bytes(data)).reason == "it is encrypted"


def test_an_unusual_compression_is_refused():
    assert "compression method 12" in refusal(package_bytes(compression=zipfile.ZIP_BZIP2)).reason


def test_a_file_that_unpacks_to_hundreds_of_times_its_size_is_refused():
    error = refusal(package_bytes(package_files(extra__bin=bytes(5 * 1024**2))))
    assert "zip bomb" in error.reason
    assert error.file == "extra.bin"


def test_files_that_come_to_more_than_the_limit_are_refused():
    files = package_files(**{f"extra{i}__bin": bytes(1024**2) for i in range(10)})
    assert "come to more than" in refusal(package_bytes(files)).reason


def test_a_file_that_is_larger_than_it_declares_is_cut_off_and_refused():
    data = bytearray(package_bytes(compression=zipfile.ZIP_STORED))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    (size,) = struct.unpack_from("<L", data, at + 24)
    struct.pack_into("<L", data, at + 24, size - 1)
    struct.pack_into("<L", data, at + 20, size - 1)
    assert "the manifest says" in refusal(bytes(data)).reason


def test_a_damaged_file_is_refused():
    data = package_bytes(compression=zipfile.ZIP_STORED)
    error = refusal(data.replace(b"not looked into", b"NOT looked into"))
    assert "damaged" in error.reason
    assert error.file == "model.skops"


def test_too_many_files_are_refused():
    files = package_files(**{f"f{i}__txt": b"x" for i in range(MOST_FILES)})
    assert "files, at most 64" in refusal(package_bytes(files)).reason


def test_a_second_directory_for_large_zips_is_refused():
    data = SOUND[:-22] + b"PK\x06\x07" + bytes(16) + SOUND[-22:]
    assert "zip64" in refusal(data).reason


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=4))
def test_whatever_byte_is_changed_only_a_refusal_comes_out(changes):
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    try:
        read_package(io.BytesIO(data), limit_bytes=LIMIT)
    except BadPackage as error:
        assert error.reason


def test_a_file_that_begins_before_the_zip_is_refused(tmp_path):
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", b"{}")
    data = bytearray(path.read_bytes())
    # The directory is said to begin 200 bytes later than it does, so that all before it is moved.
    place = len(data) - 6
    data[place : place + 4] = (int.from_bytes(data[place : place + 4], "little") + 200).to_bytes(
        4, "little"
    )
    path.write_bytes(data)
    with pytest.raises(BadPackage, match=r"manifest\.json: it begins before the zip does"):
        read_package(path, limit_bytes=10**6)

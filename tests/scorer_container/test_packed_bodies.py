"""Bodies that are packed, on both faces: unpacked as far as they may be, or refused."""

import gzip
import json
import zlib

import pytest
from face import LIMIT
from protocol_bodies import LABELS, ROWS, VALUES, captured_values, csv_of


def test_all_members_of_a_gzip_are_read(face):
    head, *lines = csv_of(ROWS).splitlines(keepends=True)
    body = gzip.compress(head + lines[0]) + gzip.compress(b"".join(lines[1:]))
    status, _, answer = face.ask("POST", "/score", body, kind="text/csv", Content_Encoding="gzip")
    assert (status, json.loads(answer)["predictions"]) == (200, LABELS)


@pytest.mark.parametrize("press", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_packed_body_is_scored_and_captured(face, press):
    encoding = "gzip" if press is gzip.compress else "deflate"
    body = json.dumps({"input_df": ROWS}).encode()
    status, _, answer = face.ask("POST", "/score", press(body), Content_Encoding=encoding)
    assert (status, json.loads(answer)["predictions"]) == (200, LABELS)
    assert captured_values(face) == VALUES


@pytest.mark.parametrize(
    ("body", "encoding", "wanted"),
    [
        (gzip.compress(b" " * (LIMIT + 1)), "gzip", 413),
        (gzip.compress(b"{}" * 100)[:-9], "gzip", 400),
        (b"{}", "gzip", 400),
        (gzip.compress(b"{}") + b"{}", "gzip", 400),
        (zlib.compress(b"{}") + b"{}", "deflate", 400),
        (b"{}", "br", 400),
    ],
    ids=["too large", "torn", "not packed", "gzip and more", "deflate and more", "unknown"],
)
def test_what_is_wrong_with_a_packed_body_is_refused(face, body, encoding, wanted):
    status, _, answer = face.ask("POST", "/score", body, Content_Encoding=encoding)
    assert status == wanted, answer
    assert face.captured() == []

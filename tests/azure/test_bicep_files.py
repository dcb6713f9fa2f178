"""The templates parse, their names fit together, and their bodies are what Azure takes."""

from pathlib import Path

import pytest
from bicep.files import BICEP, all_files, read_file, read_text
from bicep.schemas import TYPES, UNTYPED, type_faults
from bicep.symbols import symbol_faults

FILES = all_files()
STAGES = sorted(BICEP.glob("*.bicepparam"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_name_is_declared_and_used(path):
    assert symbol_faults(FILES[path], FILES) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_resource_is_what_its_type_wants(path):
    assert type_faults(FILES[path]) == []


def test_every_module_is_wired_into_the_whole():
    main = FILES[BICEP / "main.bicep"]
    wired = {BICEP / module.target for module in main.of("module").values()}
    assert wired == set(FILES) - {BICEP / "main.bicep"}


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.name)
def test_a_stage_gives_what_the_whole_asks_for(path):
    stage, params = read_file(path), FILES[BICEP / "main.bicep"].of("param")
    given = stage.of("var")
    assert stage.mistakes == ()
    assert set(given) <= set(params)
    assert {name for name, param in params.items() if param.value is None} <= set(given)
    assert given["stage"].value == path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_that_a_template_loads_is_there(path):
    text = path.read_text()
    for call in ("loadTextContent('", "loadJsonContent('"):
        for piece in text.split(call)[1:]:
            assert (path.parent / piece.partition("'")[0]).exists()


def test_every_kept_type_is_one_that_is_used():
    used = {
        found.target.partition("@")[0]
        for file in FILES.values()
        for found in file.of("resource").values()
    }
    assert {path.stem for path in TYPES.glob("*.json")} == {
        kind.replace("/", ".") for kind in used - UNTYPED
    }
    assert used >= UNTYPED


# What each check says of a text with one fault.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("output a string = b", "'b' is not declared"),
        ("param a string", "param 'a' is never used"),
        ("var a = 1", "var 'a' is never used"),
        ("output a string = unknown('x')", "function 'unknown' is not one that is known"),
        ("output a string = 'x${b}'", "'b' is not declared"),
        ("output a array = [for b in c: b]", "'c' is not declared"),
        ("output a string = 'x", "is no Bicep"),
        ("resource a 'A/b@1' existing = {\n  name: 'x'\n}", "existing resource 'a' is never used"),
    ],
)
def test_a_name_that_does_not_fit_is_told(text, fault):
    assert fault in "\n".join(symbol_faults(read_text(text)))


def test_a_loop_and_its_index_are_names_of_their_own():
    assert symbol_faults(read_text("output a array = [for (b, c) in [1]: '${b}-${c}']")) == []


MODULE = "param needed string\nparam spare string = 'x'\noutput o string = '${needed}${spare}'"


@pytest.mark.parametrize(
    ("given", "asked", "fault"),
    [
        ("", "o", "needs param 'needed'"),
        ("needed: 'x'\n    other: 'y'", "o", "has no param 'other'"),
        ("needed: 'x'", "p", "has no output 'p'"),
        ("needed: 'x'", "p", "its output 'o' is never used"),
        ("needed: 'x'", "o", ""),
    ],
)
def test_what_passes_between_modules_is_checked(tmp_path, given, asked, fault):
    main = tmp_path / "main.bicep"
    main.write_text(
        f"module m 'part.bicep' = {{\n  name: 'm'\n  params: {{\n    {given}\n  }}\n}}\n"
        f"output x string = m.outputs.{asked}\n"
    )
    part = tmp_path / "part.bicep"
    part.write_text(MODULE)
    faults = symbol_faults(read_file(main), {part: read_file(part)})
    assert faults == [] if not fault else fault in "\n".join(faults)


def test_a_module_that_is_no_file_is_told(tmp_path):
    text = "module m 'gone.bicep' = {\n  name: 'm'\n}"
    assert "is no file" in symbol_faults(read_text(text, tmp_path / "main.bicep"), {})[0]


def account(body: str, version: str = "2025-01-01") -> str:
    return f"resource a 'Microsoft.Storage/storageAccounts@{version}' = {{\n{body}\n}}"


WHOLE = "name: 'x'\nlocation: 'y'\nkind: 'StorageV2'\nsku: {\n name: 'Standard_LRS'\n}\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (account(WHOLE), ""),
        (account("name: 'x'"), "storageAccounts needs 'sku'"),
        (account(WHOLE + "colour: 'red'"), "storageAccounts has no 'colour'"),
        (account(WHOLE + "properties: {\n minimumTlsVersion: 'TLS9'\n}"), "not 'TLS9'"),
        (account(WHOLE + "properties: {\n accessTier: 'Warm'\n}"), "not 'Warm'"),
        (account(WHOLE + "properties: {\n allowSharedKeyAccess: 'no'\n}"), "is to be bool"),
        (account(WHOLE + "properties: {\n creationTime: 'now'\n}"), "is told by Azure, not set"),
        (account(WHOLE, "2099-01-01"), "not 2099-01-01"),
        ("resource a 'A/b@1' = {\n name: 'x'\n}", "there is no type 'A/b'"),
    ],
)
def test_a_body_that_does_not_fit_its_type_is_told(text, fault):
    faults = type_faults(read_text(text, Path("bad.bicep")))
    assert faults == [] if not fault else fault in "\n".join(faults)

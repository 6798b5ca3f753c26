"""The pages of docs/ that are made from the code say what it says."""

import importlib.util
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PROGRAM = REPOSITORY / "tools" / "reference.py"


def loaded():
    spec = importlib.util.spec_from_file_location("reference", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_code_makes(capsys):
    assert loaded().main(["--check"]) == 0, capsys.readouterr().out


def test_a_page_that_was_edited_or_is_missing_is_found(tmp_path, monkeypatch, capsys):
    reference = loaded()
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    (tmp_path / "reference").mkdir()
    (tmp_path / "decisions").mkdir()
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    (tmp_path / "reference" / "reasons.md").unlink()
    with (tmp_path / "reference" / "cli.md").open("a") as page:
        page.write("\n")
    assert reference.main(["--check"]) == 1
    assert "reference/cli.md, reference/reasons.md; run  make reference" in capsys.readouterr().out


def test_every_command_has_an_example():
    reference = loaded()
    for top in (reference.server_parser(), reference.sdk_parser()):
        for parser in reference._with_commands(top):
            assert parser.epilog, parser.prog
            assert top.prog in parser.epilog, parser.prog


def test_a_manifest_in_the_repository_has_its_disclosure_page_beside_it():
    from glasshouse_sdk.manifest import disclosure, read_manifest

    manifests = sorted(REPOSITORY.glob("products/*/manifest.toml"))
    assert manifests
    for path in manifests:
        page = path.with_name("DISCLOSURE.md").read_text()
        command = f"{sys.executable} -m glasshouse.cli.main manifest disclose"
        assert page == disclosure(read_manifest(path)), f"{command} {path} > DISCLOSURE.md"

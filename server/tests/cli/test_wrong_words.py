"""Slips of the pen on the command line: each is told what was found and what was expected."""

import subprocess
import sys
from pathlib import Path

import pytest

from glasshouse.cli.main import main
from glasshouse.settings import SettingError, Settings, from_environment

MANIFEST = Path(__file__).parents[3] / "products/percona-server-mongodb/manifest.toml"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("registered") / "data"
    assert main(["product", "add", str(MANIFEST), "--data", str(directory)]) == 0
    return directory


def said(capsys, *words):
    """(status, what it said on standard error)."""
    try:
        status = main([*map(str, words)])
    except SystemExit as end:
        status = end.code
    return status, capsys.readouterr().err


def test_an_export_of_a_product_that_is_not_here_is_not_nothing_held(data, capsys):
    status, words = said(capsys, "export", "--product", "psmbd", "--instance", "x", "--data", data)
    assert status == 2
    assert "found the product 'psmbd', expected one of: psmdb" in words
    assert "0 rows" not in words


def test_an_export_of_an_identity_that_the_product_has_not_is_refused(data, capsys):
    asked = ("export", "--product", "psmdb", "--identity", "shoe", "x", "--data", data)
    status, words = said(capsys, *asked)
    assert (status, "found the identity 'shoe', expected one of: " in words) == (2, True)


def test_an_export_into_no_directory_says_so(data, tmp_path, capsys):
    output = tmp_path / "none" / "it.jsonl"
    asked = ("export", "--product", "psmdb", "--instance", "x", "--data", data)
    status, words = said(capsys, *asked, "--output", output)
    assert status == 2
    assert f"{output}: cannot be written (No such file or directory)" in words


def test_a_refused_export_leaves_an_older_file_as_it_was(data, tmp_path, capsys):
    output = tmp_path / "it.jsonl"
    output.write_text("older\n")
    asked = ("export", "--product", "psmbd", "--instance", "x", "--data", data)
    assert said(capsys, *asked, "--output", output)[0] == 2
    assert output.read_text() == "older\n"


@pytest.mark.parametrize("listing", ["release", "contacts", "advisory"])
def test_a_list_of_a_product_that_is_not_here_is_not_none_yet(listing, data, capsys):
    status, words = said(capsys, listing, "list", "psmbd", "--data", data)
    assert (status, "found 'psmbd'; expected 'psmdb'" in words) == (1, True), words
    assert said(capsys, listing, "list", "psmdb", "--data", data)[0] == 0


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "20261001", "1.10.2026"])
def test_a_day_that_is_none(day, data, capsys):
    put = ("release", "put", "psmdb", "8.0.4", "--day", day, "--data", data)
    save = ("advisory", "save", "psmdb", "CVE-1", "--affected", ">=1", "--disclosed", day)
    for asked in (put, (*save, "--data", data)):
        status, words = said(capsys, *asked)
        assert status == 2
        assert f"found '{day}'; expected a day such as 2026-10-01" in words


def test_a_role_that_is_none_is_told_the_roles_as_they_are_typed(data, capsys):
    status, words = said(capsys, "people", "invite", "--role", "boss", "--data", data)
    assert status == 2
    assert "Role." not in words
    assert "viewer" in words.splitlines()[-1]


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("GLASSHOUSE_STORE_THREADS", "x", "a whole number"),
        ("GLASSHOUSE_STORE_MEMORY", "lots", "a size such as 2GB"),
        ("GLASSHOUSE_ITEMS_PER_SECOND", "fast", "a number"),
        ("GLASSHOUSE_TRUSTED_PROXIES", "balancer", "IP addresses"),
        ("GLASSHOUSE_TRUSTED_PROXIES", "10.0.0.7/8", "IP addresses"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(variable, text, expected):
    with pytest.raises(SettingError, match=f"{variable}: found '{text}'; expected {expected}"):
        from_environment(Settings(data=Path("data")), {variable: text})


def test_blanks_between_trusted_proxies_are_none_of_an_address():
    variables = {"GLASSHOUSE_TRUSTED_PROXIES": "10.0.0.7, 10.1.0.0/16,"}
    settings = from_environment(Settings(data=Path("data")), variables)
    assert settings.trusted_proxies == ("10.0.0.7/32", "10.1.0.0/16")


@pytest.mark.parametrize("command", [("serve", "--listen", "127.0.0.1:0"), ("product", "list")])
def test_every_command_says_which_variable(command, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "glasshouse.cli.main", *command],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GLASSHOUSE_STORE_THREADS": "many"},
    )
    assert done.returncode == 2, done.stderr
    said_last = done.stderr.splitlines()[-1]
    assert said_last == (
        "glasshouse: GLASSHOUSE_STORE_THREADS: found 'many'; expected a whole number"
    )


def test_an_address_without_a_server_is_not_ready_in_words(capsys):
    assert main(["ready", "--server", "http://127.0.0.1:9"]) == 1
    assert "found no answer at http://127.0.0.1:9 (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GLASSHOUSE_JOURNL", "GLASSHOUSE_JOURNAL"),
        ("GLASSHOUSE_TRUSTED_PROXY", "GLASSHOUSE_TRUSTED_PROXIES"),
        ("GLASSHOUSE_ITEMS_PER_SECONDS", "GLASSHOUSE_ITEMS_PER_SECOND"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_not_passed_over(variable, meant):
    with pytest.raises(SettingError, match=f"{variable}: found .*; expected {meant}"):
        from_environment(Settings(data=Path("data")), {variable: "x"})


def test_variables_of_others_may_begin_alike():
    """Kubernetes sets those of every service, the client its own."""
    others = ("PORT", "SERVICE_HOST", "PORT_8090_TCP_ADDR", "COLLECTOR_PORT", "COLLECTOR_SERVICE",
              "STORE_PORT", "CONSOLE_PORT_8090_TCP", "RUN")  # fmt: skip
    environment = {f"GLASSHOUSE_{name}": "x" for name in others}
    settings = Settings(data=Path("data"))
    assert from_environment(settings, environment) == settings

"""Settings of signing in that cannot work end the start, with a line that says why."""

import argparse

import pytest

from glasshouse.cli.errors import CommandError
from glasshouse.cli.serve import settings_of


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OPENID_ISSUER": "http://id.example.com"}, "GLASSHOUSE_OPENID_ISSUER: found 'http"),
        ({"OPENID_ISSUER": "https://id.example.com"}, "GLASSHOUSE_PUBLIC_ADDRESS: found ''"),
        ({"OPENID_ISSUER": "https://i", "PUBLIC_ADDRESS": "https://g"}, "OPENID_CLIENT"),
        ({"OPENID_ISSUER": "https://i", "PUBLIC_ADDRESS": "https://g", "OPENID_CLIENT": "c",
          "OPENID_SECRET_FILE": "/nowhere"}, "cannot be read"),
        ({"OPENID_ISSUER": "https://i", "PUBLIC_ADDRESS": "https://g", "OPENID_CLIENT": "c",
          "OPENID_NEWCOMERS": "boss"}, "found 'boss'; expected refuse, viewer"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_at_the_start(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(f"GLASSHOUSE_{name}", value)
    with pytest.raises(CommandError, match=said):
        settings_of(argparse.Namespace())

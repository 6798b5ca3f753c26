"""The short form of `python -m soak.routes`: a few requests of every kind to every route."""

from bench.server import running
from soak.routes import run


def test_no_route_answers_5xx_or_otherwise_than_described(tmp_path):
    with running(tmp_path / "data", directory=tmp_path) as server:
        status, said = run(server, tmp_path, 3, 1)
        assert status == 0, said
        assert server.get("/health/accounting")["difference"] == 0

"""In real servers: what workers record is there, once, however they are forked, ended or killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from ports import free_port

from glasshouse_sdk import Telemetry

APP = """
import os, sys
from glasshouse_sdk import Telemetry

telemetry = Telemetry({manifest!r}, version="1.2.3", key="write-key", endpoint={endpoint!r},
                      state={state!r})
telemetry.record_when_due("host", lambda: {{"cores": 1}})

def wsgi(environ, start_response):
    telemetry.record("done", command="run", count=os.getpid() % 1000)
    start_response("200 OK", [("Content-Length", "0")])
    return []

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    telemetry.record("done", command="build", count=os.getpid() % 1000)
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b""}})
"""
REQUESTS = 30


@pytest.fixture
def weekly(manifest_with):
    table = '[snapshot.host]\npurpose = "use"'
    return manifest_with(
        (table, f'{table}\noccasions = ["weekly"]'), ('send = "agent"', 'send = "detached"')
    )


@pytest.fixture
def serve(weekly, tmp_path, collector, eventually):
    """Starts a server of the application; ends it at the end of the test."""
    started = []
    (tmp_path / "app.py").write_text(
        APP.format(manifest=weekly, endpoint=collector.url, state=str(tmp_path / "state"))
    )

    def start(*words):
        port = free_port()
        words = [word.replace("PORT", str(port)) for word in words]
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        with (tmp_path / "log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=tmp_path, env=environ, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        started.append(server)
        eventually(lambda: answers(port), seconds=60)
        return server, port

    yield start
    for server in started:
        if server.poll() is None:
            server.terminate()
            server.wait(30)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def ask(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.status == 200


def count(collector, weekly, state):
    """All items by name, wherever they are: sent, or still waiting."""
    sent = [item for body in collector.bodies for item in json.loads(body)["items"]]
    waiting = Telemetry(weekly, state=state, environment={}).waiting()
    names = [item["item"] for item in {item["id"]: item for item in (*sent, *waiting)}.values()]
    return {name: names.count(name) for name in set(names)}


@pytest.mark.parametrize(
    "words",
    [
        ("gunicorn", "-w", "3", "-b", "127.0.0.1:PORT", "--preload", "app:wsgi"),
        ("gunicorn", "-w", "3", "-b", "127.0.0.1:PORT", "app:wsgi"),
        ("gunicorn", "-w", "2", "--max-requests", "4", "-b", "127.0.0.1:PORT", "app:wsgi"),
        ("uvicorn", "--port", "PORT", "app:asgi"),
        ("uvicorn", "--port", "PORT", "--workers", "2", "app:asgi"),
    ],
    ids=["preloaded", "pre-fork", "workers that are replaced", "asyncio", "spawned workers"],
)
def test_every_request_is_recorded_once(serve, collector, weekly, tmp_path, words, eventually):
    server, port = serve(*words)
    for _ in range(REQUESTS):
        ask(port)
    server.terminate()
    assert server.wait(60) in (0, -signal.SIGTERM)
    # The weekly state is recorded by one of all processes, and by no other.
    eventually(
        lambda: (
            count(collector, weekly, tmp_path / "state")
            == {"event.done": REQUESTS, "snapshot.host": 1}
        )
    )
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_killed_server_loses_nothing(serve, collector, weekly, tmp_path):
    server, port = serve("gunicorn", "-w", "2", "-b", "127.0.0.1:PORT", "--preload", "app:wsgi")
    for _ in range(REQUESTS):
        ask(port)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait(30)
    assert count(collector, weekly, tmp_path / "state")["event.done"] == REQUESTS


TASKS = """
import os, sys
import celery
from glasshouse_sdk import Telemetry

telemetry = Telemetry({manifest!r}, version="1.2.3", key="write-key", endpoint={endpoint!r},
                      state={state!r})
app = celery.Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {{
    "data_folder_in": {queue!r}, "data_folder_out": {queue!r}, "control_folder": {queue!r},
}}
app.conf.broker_connection_retry_on_startup = True
telemetry.record_when_due("host", lambda: {{"cores": 1}})

@app.task
def work(number):
    telemetry.record("done", command="run", count=number)

if __name__ == "__main__":
    for number in range({tasks}):
        work.delay(number)
"""


def test_every_task_of_a_celery_worker_is_recorded_once(weekly, tmp_path, collector, eventually):
    """Its pool is forked from a process that has recorded, and its processes are replaced."""
    (tmp_path / "queue").mkdir()
    names = {"state": str(tmp_path / "state"), "queue": str(tmp_path / "queue")}
    names |= {"manifest": weekly, "endpoint": collector.url, "tasks": REQUESTS}
    (tmp_path / "tasks.py").write_text(TASKS.format(**names))
    where = {"cwd": tmp_path, "env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}}
    subprocess.run([sys.executable, "tasks.py"], check=True, timeout=60, **where)
    options = ("--concurrency", "2", "--max-tasks-per-child", "5", "--without-mingle")
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tasks", "worker", *options],
            stdout=log, stderr=log, start_new_session=True, **where,
        )  # fmt: skip
    try:
        expected = {"event.done": REQUESTS, "snapshot.host": 1}
        eventually(lambda: count(collector, weekly, tmp_path / "state") == expected, seconds=60)
    finally:
        worker.terminate()
        assert worker.wait(60) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()

"""When items leave, by which process, and that none leaves twice or is lost."""

import json
import subprocess
import sys
import time

import pytest
from observed import counts

from glasshouse_sdk.claims import claims
from glasshouse_sdk.state import State


def test_the_host_waits_for_nothing_whatever_the_network_does(
    manifest_with, product, collector, eventually, sdk
):
    manifest = manifest_with(('send = "agent"', 'send = "detached"'))
    collector.mode = "hole"
    started = time.monotonic()
    product(
        "t = time.perf_counter()\n"
        "telemetry.record('done', count=1)\n"
        "import atexit; atexit.register(lambda: time.perf_counter() - t < 2 or os._exit(9))",
        MANIFEST=manifest,
    )
    assert time.monotonic() - started < 10
    eventually(lambda: collector.requests)
    collector.closing.set()


def test_a_detached_sender_delivers_after_its_host_is_gone(
    manifest_with, product, collector, eventually, tmp_path
):
    manifest = manifest_with(('send = "agent"', 'send = "detached"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    eventually(lambda: counts(collector) == [1])
    eventually(lambda: not claims(State(str(tmp_path / "state"))))
    product("telemetry.record('done', count=2)", MANIFEST=manifest)
    time.sleep(0.5)
    assert counts(collector) == [1]  # the next sender is not due within a minute
    path = tmp_path / "state" / "delivery.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "not_before": 0}))
    product("telemetry.record('done', count=3)", MANIFEST=manifest)
    eventually(lambda: counts(collector) == [1, 2, 3])


def test_next_run_sends_what_the_last_run_left(manifest_with, product, collector, eventually):
    manifest = manifest_with(('send = "agent"', 'send = "next-run"'))
    killed = "telemetry.record('done', count=1); os.kill(os.getpid(), 9)"
    product(killed, expect=-9, MANIFEST=manifest)
    assert collector.requests == []
    product("telemetry.record('done', count=2)", MANIFEST=manifest)
    eventually(lambda: 1 in counts(collector))


def test_in_line_sends_before_the_process_ends(manifest_with, product, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    assert counts(collector) == [1]
    product(
        "telemetry.record('done', count=2); assert telemetry.send() == 'acknowledged'",
        MANIFEST=manifest,
    )
    assert counts(collector) == [1, 2]


@pytest.mark.parametrize("mode", ["hole", "trickle"])
def test_in_line_keeps_its_deadline(manifest_with, product, collector, mode):
    manifest = manifest_with(('send = "agent"', 'send = "inline 1s"'))
    collector.mode = mode
    product(
        "telemetry.record('done', count=1)\n"
        "t = time.perf_counter(); assert telemetry.send() == 'waiting'\n"
        "assert 0.5 < time.perf_counter() - t < 4\n"
        "os._exit(0)",
        MANIFEST=manifest,
    )


def test_a_frozen_program_sends_in_line_without_another_process(manifest_with, product, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    code = (
        "sys.frozen = True\ntelemetry.record('done', count=1)\n"
        "assert telemetry.send() == 'acknowledged'"
    )
    product(code, MANIFEST=manifest)
    assert counts(collector) == [1]


def test_concurrent_senders_send_no_claim_twice(sdk, product, collector, tmp_path, manifest):
    product("for n in range(900): telemetry.record('done', count=n, message='x' * n, project='p')")
    command = [
        sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state",
        str(tmp_path / "state"), "--endpoint", collector.url, "--key", "k", "send",
    ]  # fmt: skip
    senders = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(5)]
    for sender in senders:
        sender.wait(60)
    sdk("send")
    ids = [item["id"] for item in collector.items]
    assert len(ids) == len(set(ids)) == 900
    assert len(collector.requests) >= 2


def test_products_that_record_while_a_sender_works_lose_nothing(sdk, collector, tmp_path, manifest):
    state = str(tmp_path / "state")
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={state!r}, environment={{}}, strict=True,"
        f" endpoint={collector.url!r}, key='k')\n"
        "for n in range(4000): t.record('done', count=n % 1000)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state", state,
             "--endpoint", collector.url, "--key", "k", "send"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    sdk("send")
    ids = [item["id"] for item in collector.items]
    assert len(ids) == len(set(ids)) == 12_000


def test_the_sender_knows_nothing_of_its_host(manifest, product, collector, tmp_path, monkeypatch):
    """It runs no user configuration and inherits neither directory, files nor variables."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "glasshouse_sdk.py"):
        (trap / name).write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    code = f"""
import threading
os.chdir({str(trap)!r})
os.environ.update(PYTHONPATH={str(trap)!r}, PYTHONSTARTUP='x', SECRET_OF_HOST='1')
inherited = os.open('/dev/null', os.O_RDONLY); os.set_inheritable(inherited, True)
from glasshouse_sdk import launching
telemetry.record('done', count=1)
pid = launching.launch({str(tmp_path / "state")!r}, (), os.environ, asked=True)
seen = None
while not launching.has_ended(pid):
    try:
        cwd = os.readlink(f'/proc/{{pid}}/cwd')
        files = {{os.readlink(f'/proc/{{pid}}/fd/{{n}}') for n in (0, 1, 2)}}
        environ = open(f'/proc/{{pid}}/environ', 'rb').read()
        if cwd == '/' and b'PATH' in environ:
            seen = files, environ, os.getsid(pid) == pid
    except OSError:
        pass
assert seen is not None
files, environ, leads = seen
assert files == {{'/dev/null'}} and leads
assert b'SECRET_OF_HOST' not in environ and b'PYTHON' not in environ
"""
    product(code)
    assert counts(collector) == [1]
    assert not (tmp_path / "sprung").exists()


def test_a_product_may_end_without_sending(manifest_with, tmp_path, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, endpoint={collector.url!r}, state={str(tmp_path / 's')!r},"
        " environment={{}}, strict=True, sends_at_exit={sends})\n"
        "t.record('done', count=1)"
    )
    subprocess.run([sys.executable, "-c", code.format(sends=False)], check=True, timeout=60)
    assert collector.requests == []
    subprocess.run([sys.executable, "-c", code.format(sends=True)], check=True, timeout=60)
    assert counts(collector) == [1, 1]


@pytest.mark.parametrize(
    ("environ", "origin"),
    [({}, None), ({"CI": "true"}, "ci"), ({"GITHUB_ACTIONS": "true"}, "ci"),
     ({"CI": "false"}, None),
     ({"JENKINS_URL": "https://ci.example.com"}, "ci"),
     ({"CI": "1", "TOX_ENV_NAME": "py"}, "development")],
)  # fmt: skip
def test_builds_and_tests_are_told_apart_from_people(product, collector, environ, origin):
    product("telemetry.record('done', count=1); telemetry.send(20)", **environ)
    assert json.loads(collector.bodies[0]).get("origin") == origin

"""What the client costs its host: modules, files, output."""

import json
import subprocess
import sys
from pathlib import Path

import glasshouse_sdk

ROOT = str(Path(glasshouse_sdk.__file__).parent.parent)
HEAVY = [
    "json", "logging", "dataclasses", "typing", "uuid", "pathlib", "subprocess", "tomllib", "re",
    "threading", "socket", "ssl", "http", "urllib", "asyncio", "random", "hashlib", "datetime",
    "enum", "functools", "inspect", "argparse", "signal", "contextlib",
]  # fmt: skip
ON_ALONE = ["glasshouse_sdk.recording", "glasshouse_sdk.spool", "glasshouse_sdk.values"]


STANDARD = {"glasshouse_sdk", *sys.stdlib_module_names}


def modules_after(code: str, **environ: str) -> set[str]:
    """What is in `sys.modules` after some code, beyond a bare isolated interpreter."""
    head = f"import sys; sys.path.insert(0, {ROOT!r}); before = set(sys.modules)\n"
    tail = "\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", head + code + tail],
        capture_output=True, text=True, check=True, timeout=30, env=environ,
    )  # fmt: skip
    assert done.stderr == ""
    return set(done.stdout.split())


def test_import_loads_nothing_heavy_and_nothing_of_others():
    loaded = modules_after("import glasshouse_sdk")
    assert loaded.isdisjoint(HEAVY)
    assert {name.partition(".")[0] for name in loaded} <= STANDARD


def test_recording_loads_nothing_heavy_either(manifest, tmp_path):
    state = str(tmp_path / "s")
    loaded = modules_after(
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={state!r}, environment={{}}, strict=True)\n"
        "t.record('done', command='run', seconds=1.5, project='p', os='Plan 9')"
    )
    assert loaded.isdisjoint(HEAVY)
    assert "glasshouse_sdk.recording" in loaded
    assert {name.partition(".")[0] for name in loaded} <= STANDARD


def test_off_loads_nothing_beyond_the_deciding_modules(manifest, tmp_path):
    loaded = modules_after(
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={str(tmp_path / 's')!r}, strict=True)\n"
        "t.record('done', command='run'); t.send()",
        DO_NOT_TRACK="1",
    )
    assert loaded.isdisjoint([*HEAVY, *ON_ALONE])
    assert not (tmp_path / "s").exists()


def test_the_distribution_depends_on_nothing():
    from importlib.metadata import requires

    assert not requires("glasshouse-sdk")


def test_without_the_interpreters_c_pieces_the_same_is_written(manifest, tmp_path):
    """Another interpreter may lack `_json` and `fcntl`."""
    state = str(tmp_path / "s")
    code = (
        "import sys\nsys.modules.update({'_json': None, 'fcntl': None})\n"
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={state!r}, environment={{}}, strict=True)\n"
        "t.record('done', command='run', seconds=1.5, message='é', os='Plan 9')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    (path,) = (tmp_path / "s" / "spool").iterdir()
    assert json.loads(path.read_text())["fields"] == {
        "command": "run",
        "seconds": 1.5,
        "message": 1,
        "os": "Plan 9",
    }

"""Writers without locks and sealers beside them: every line counts once, wherever they meet."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glasshouse_sdk.claims import (
    claims,
    count_before_mark,
    discard_open,
    lines_before_mark,
    seal,
    waiting_lines,
)
from glasshouse_sdk.spool import Spool, TurnedOffError
from glasshouse_sdk.state import State

STREAM = "a" * 64 + ".production"

WRITER = """
import sys
from glasshouse_sdk.spool import Spool
from glasshouse_sdk.state import State
spool = Spool(State(sys.argv[1]), sys.argv[2], lambda: True)
for n in range(int(sys.argv[4])):
    text = '{"n":%d,"w":%s,"x":"%s"}' % (n, sys.argv[3], 'y' * (n % 97))
    spool.append((text + ("\\n" if len(text) & 1 else " \\n")).encode())
"""
SEALER = """
import sys, time
from glasshouse_sdk.claims import seal_all
from glasshouse_sdk.state import State
while True:
    seal_all(State(sys.argv[1]), time.time_ns())
"""


@pytest.fixture
def state(tmp_path):
    state = State(str(tmp_path / "state"))
    state.make()
    return state


def spool_of(state, allowed=lambda: True):
    return Spool(state, STREAM, allowed)


def numbers(state):
    return [json.loads(line)["n"] for line in waiting_lines(state)]


def test_four_writers_and_three_sealers_lose_and_double_nothing(state):
    each = 4000
    sealers = [subprocess.Popen([sys.executable, "-c", SEALER, state.directory]) for _ in range(3)]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, state.directory, STREAM, str(n), str(each)])
        for n in range(4)
    ]
    try:
        assert [writer.wait(120) for writer in writers] == [0] * 4
    finally:
        for sealer in sealers:
            sealer.kill()
            sealer.wait()
    lines = [json.loads(line) for line in waiting_lines(state)]
    assert len(claims(state)) > 10
    assert sorted((line["w"], line["n"]) for line in lines) == [
        (w, n) for w in range(4) for n in range(each)
    ]


def test_a_line_after_the_mark_is_written_again_and_does_not_count_twice(state):
    spool = spool_of(state)
    spool.append(b'{"n":1}\n')
    assert seal(state, spool._shared_path, time.time_ns())
    spool.append(b'{"n":2}\n')  # goes to the sealed file first, which its descriptor still means
    (sealed,) = claims(state)
    assert Path(sealed.path).read_bytes() == b'{"n":1}\n\n{"n":2}\n'
    assert sealed.lines() == [b'{"n":1}']
    assert sealed.count == 1
    assert numbers(state) == [1, 2]


def test_a_sealer_that_died_after_its_mark_is_made_good(state):
    spool = spool_of(state)
    spool.append(b'{"n":1}\n')
    with open(spool._shared_path, "ab") as file:
        file.write(b"\n")
    spool.append(b'{"n":2}\n')
    spool_of(state).append(b'{"n":3}\n')
    assert numbers(state) == [1, 2, 3]
    assert [claim.count for claim in claims(state)] == [1]


def test_a_refusal_takes_the_file_from_its_writer(state):
    answers = iter((True, False))
    spool = spool_of(state, lambda: next(answers))
    spool.append(b'{"n":1}\n')
    discard_open(state)
    with pytest.raises(TurnedOffError):
        spool.append(b'{"n":2}\n')
    assert numbers(state) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_costs_what_does_not_fit_and_nothing_else(tmp_path):
    code = """
import errno, os, sys
from glasshouse_sdk.spool import Spool
from glasshouse_sdk.state import State
state = State(sys.argv[1] + "/state")
state.make()
spool = Spool(state, sys.argv[2], lambda: True)
filler = os.open(sys.argv[1] + "/filler", os.O_WRONLY | os.O_CREAT)
kept, refused = [], 0
for n in range(600):
    text = '{"n":%d,"x":"%s"}' % (n, "y" * (n % 51))
    try:
        spool.append((text + ("\\n" if len(text) & 1 else " \\n")).encode())
        kept.append(n)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        refused += 1
    if n == 200:
        try:
            while True: os.write(filler, b"x" * 512)
        except OSError: pass
    if n == 400: os.ftruncate(filler, 0)
print(kept, refused)
"""
    # A mount namespace of its own: the disk is gone with the process.
    program = (
        f"mount -t tmpfs -o size=64k none {tmp_path} && "
        f'{sys.executable} -c "$CODE" {tmp_path} {STREAM} && cat {tmp_path}/state/spool/*'
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", program], capture_output=True, text=True, timeout=60,
        env={**os.environ, "CODE": code},
    )  # fmt: skip
    if done.returncode and "unshare" in done.stderr:
        pytest.skip("this machine allows no mount namespaces: " + done.stderr.strip())
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    kept, refused = json.loads(first.rpartition(" ")[0]), int(first.rpartition(" ")[2])
    assert refused > 50
    assert len(kept) + refused == 600
    # What is left of a torn line may stand before the next one.
    ends = [line[line.rfind('{"n"') :].rstrip() for line in lines]
    whole = [json.loads(line)["n"] for line in ends if line.endswith("}")]
    assert sorted(set(whole)) == kept


@pytest.mark.parametrize("seed", range(3))
def test_counting_lines_is_the_same_as_reading_them(seed):
    chance = random.Random(seed)
    parts = [b"a\n", b"bcd\n", b" \n", b"\n", b"torn", b"", b"\n\n", b"{}{}\n"]
    for _ in range(3000):
        data = b"".join(chance.choice(parts) for _ in range(chance.randrange(6)))
        assert count_before_mark(data) == len(lines_before_mark(data)), data

"""The nginx snippet as it stands, in a real nginx before a real collector."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

BROWSER = Path(__file__).parents[3] / "sdk" / "browser"
SOURCE = (BROWSER / "examples" / "telemetry.toml").read_text()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx here (Debian: nginx-light)")


@pytest.fixture
def nginx(running, tmp_path):
    """The address of a console's host that includes the snippet."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for name in ("glasshouse.conf", "glasshouse-headers.conf"):
        text = (BROWSER / "nginx" / name).read_text()
        text = text.replace("https://telemetry.example.com", running.url)
        (tmp_path / name).write_text(text.replace("SLUG", "sample-console"))
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; "
        f"user {'root' if os.geteuid() == 0 else 'nobody'}; events {{}}"
        f"http {{ access_log {tmp_path}/access; {temporary} "
        f"server {{ listen 127.0.0.1:{port}; include glasshouse.conf; }} }}"
    )
    command = [NGINX, "-p", str(tmp_path), "-c", "nginx.conf", "-e", f"{tmp_path}/errors"]
    process = subprocess.Popen(command)
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < end, (tmp_path / "errors").read_text()
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def test_it_serves_passes_on_and_drops_what_is_the_visitors(running, nginx, tmp_path):
    seen = []
    handover = running.app.reception.handover

    def noted(door, path, query, raw_headers, client):
        seen.append({name.decode(): value.decode() for name, value in raw_headers})
        return handover(door, path, query, raw_headers, client)

    running.app.reception.handover = noted
    product = running.catalogue.add(SOURCE.replace('default = "ask"', 'default = "on"').encode())
    script = httpx.get(f"{nginx}/glasshouse/tracker.js", headers={"cookie": "a=secret"})
    assert script.status_code == 200
    assert b'"endpoint":"/v1/browser"' in script.content
    assert httpx.get(f"{nginx}/glasshouse/banner.js").status_code == 200
    item = {"id": "a" * 32, "item": "event.page_view", "ago": 0, "fields": {"route": "/nodes"}}
    body = {"product": product.slug, "manifest": product.manifest.digest, "items": [item]}
    headers = {"cookie": "session=secret", "referer": f"{nginx}/secret", "accept-language": "de"}
    assert httpx.post(f"{nginx}/v1/browser", json=body, headers=headers).status_code == 204
    assert [line["fields"] for line in running.lines()] == [{"route": "/nodes"}]
    told = set(seen[0])
    assert told <= {"host", "connection", "content-type", "content-length", "user-agent"}
    assert "secret" not in str(seen)
    httpx.post(f"{nginx}/v1/browser", json=body, headers={"dnt": "1"})
    httpx.post(f"{nginx}/v1/browser", json=body, headers={"sec-gpc": "1"})
    assert [reason for _, reason, *_ in running.refusals()] == ["do_not_track"] * 2
    assert httpx.get(f"{nginx}/v1/browser").status_code == 403
    assert "/v1/browser" not in (tmp_path / "access").read_text()

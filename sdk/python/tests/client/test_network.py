"""The way out: proxies, tunnels, certificates."""

import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from observed import counts, waiting


def test_a_proxy_is_used_and_no_proxy_obeyed(sdk, product, collector):
    product("telemetry.record('done', count=1)")
    proxy = {"http_proxy": collector.url}
    sdk("--endpoint", "http://telemetry.invalid", "send", **proxy)
    assert collector.requests[0]["path"] == "http://telemetry.invalid/v1/telemetry"
    product("telemetry.record('done', count=2)")
    sdk("--endpoint", "http://telemetry.invalid", "send", code=1, no_proxy="*", **proxy)
    assert len(collector.requests) == 1


def test_https_goes_through_a_tunnel_and_trusts_no_stranger(sdk, product, tmp_path):
    """A CONNECT proxy sees the name and then TLS; plain text in its place is refused."""
    product("telemetry.record('done', count=1)")
    seen: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        address = f"http://user:pass@127.0.0.1:{listener.getsockname()[1]}"
        sdk("--endpoint", "https://telemetry.invalid", "send", code=1, HTTPS_PROXY=address)
        thread.join(20)
    assert seen[0].startswith(b"CONNECT telemetry.invalid:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in seen[0]
    assert seen[1][:1] == b"\x16"  # a TLS handshake
    assert waiting(sdk) == 1


class Authority:
    """A certificate authority of one's own, as a site has it, and a certificate for `localhost`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = directory / "ca" / "ca.pem"
        self.chain, self.key = directory / "server.pem", directory / "server.key"
        self.ca.parent.mkdir(parents=True)
        extensions = directory / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost")
        make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        self._openssl(
            f"{make} -subj /CN=Site -keyout ca.key -out ca/ca.pem "
            "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
        )
        self._openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
            "-keyout server.key -out server.csr"
        )
        self._openssl(
            "x509 -req -in server.csr -CA ca/ca.pem -CAkey ca.key -CAcreateserial -days 2 "
            "-extfile extensions -out server.pem"
        )
        self._openssl("rehash ca")

    def _openssl(self, words: str) -> None:
        subprocess.run(
            ["openssl", *words.split()], cwd=self.directory, check=True, capture_output=True
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl to make a certificate authority")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secured(collector, authority):
    """The address of the collector behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain, authority.key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), collector._handler())
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


VARIABLES = {
    "SSL_CERT_FILE": lambda authority: authority.ca,
    "SSL_CERT_DIR": lambda authority: authority.ca.parent,
    "REQUESTS_CA_BUNDLE": lambda authority: authority.ca,
    "CURL_CA_BUNDLE": lambda authority: authority.ca.parent,
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_site_names_its_own_authority(sdk, product, collector, secured, authority, name):
    product("telemetry.record('done', count=1)")
    sdk("--endpoint", secured, "send", code=1)
    assert collector.requests == [], "a stranger's certificate is not trusted"
    assert "CERTIFICATE_VERIFY_FAILED" in json.loads(sdk("status", "--json"))["problem"]
    trust = {name: str(VARIABLES[name](authority))}
    sdk("--endpoint", secured, "send", **trust)
    assert counts(collector) == [1]
    steps = json.loads(sdk("--endpoint", secured, "check-connection", "--json", **trust))
    assert [step["name"] for step in steps if step["is_well"]][-2:] == ["tls", "answer"]
    steps = json.loads(sdk("--endpoint", secured, "check-connection", "--json", code=1))
    assert (steps[-1]["name"], steps[-1]["is_well"]) == ("tls", False)


def test_a_certificate_of_another_name_is_not_trusted(sdk, product, collector, secured, authority):
    product("telemetry.record('done', count=1)")
    other = secured.replace("localhost", "127.0.0.1")
    sdk("--endpoint", other, "send", code=1, SSL_CERT_FILE=str(authority.ca))
    assert collector.requests == []
    assert waiting(sdk) == 1


def test_a_bundle_that_is_not_there_is_said_so_and_loses_nothing(
    sdk, product, collector, secured, tmp_path
):
    product("telemetry.record('done', count=1)")
    sdk("--endpoint", secured, "send", code=1, REQUESTS_CA_BUNDLE=str(tmp_path / "none.pem"))
    assert "No such file" in json.loads(sdk("status", "--json"))["problem"]
    assert collector.requests == []
    assert waiting(sdk) == 1


class Tunnel:
    """A proxy that understands CONNECT alone; `asked` are the requests it got."""

    def __init__(self, target: int) -> None:
        self.asked: list[bytes] = []
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self.asked.append(connection.recv(65536))
        onward = socket.create_connection(("127.0.0.1", self._target))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
        back.start()
        _pump(connection, onward)
        back.join(20)
        connection.close()
        onward.close()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(20)


def _pump(source: socket.socket, target: socket.socket) -> None:
    while True:
        try:
            data = source.recv(65536)
            target.sendall(data)
        except OSError:
            return
        if not data:
            target.shutdown(socket.SHUT_WR)
            return


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_tls_goes_to_the_collector_itself_through_a_proxy(
    sdk, product, collector, secured, authority, variable
):
    port = int(secured.rpartition(":")[2])
    tunnel = Tunnel(port)
    product("telemetry.record('done', count=1)")
    trust = {"SSL_CERT_FILE": str(authority.ca)}
    sdk("--endpoint", secured, "send", **{variable: tunnel.url}, **trust)
    tunnel.close()
    assert tunnel.asked[0].startswith(f"CONNECT localhost:{port} ".encode())
    assert b"Glasshouse-Proof" not in tunnel.asked[0]
    assert counts(collector) == [1]
    # A name that is excepted goes straight there, though the proxy is gone.
    product("telemetry.record('done', count=2)")
    sdk("--endpoint", secured, "send", NO_PROXY="localhost", **{variable: tunnel.url}, **trust)
    assert counts(collector) == [1, 2]


def test_forget_goes_the_same_way(sdk, product, collector, secured, authority):
    trust = {"REQUESTS_CA_BUNDLE": str(authority.ca)}
    product("telemetry.record('done', count=1)")
    sdk("--endpoint", secured, "send", **trust)
    tunnel = Tunnel(int(secured.rpartition(":")[2]))
    sdk("--endpoint", secured, "forget", HTTPS_PROXY=tunnel.url, **trust)
    tunnel.close()
    assert collector.requests[-1]["path"] == "/v1/forget"
    assert b"Glasshouse-Forget" not in tunnel.asked[0]

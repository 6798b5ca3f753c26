"""The text-mode installation: monolithic or split, as pe.conf says.

    "puppet_enterprise::puppet_master_host": "master.example.com"
    "puppet_enterprise::console_host": "console.example.com"       split: a host of its own
    "puppet_enterprise::puppetdb_host": "puppetdb.example.com"

The file goes to every node, and Puppet runs there, before any service is started.
"""

import subprocess
from pathlib import Path

from glasshouse_sdk.keyfiles import NotUnderstoodError, find_key
from puppet_enterprise.deployment import (
    CONSOLE,
    PUPPETDB,
    SERVER,
    Deployment,
    DeploymentError,
    Node,
    write_deployment,
)
from puppet_enterprise.puppet_run import number_of, run_puppet

MASTER_HOST = "puppet_enterprise::puppet_master_host"
HOSTS = {
    SERVER: MASTER_HOST,
    CONSOLE: "puppet_enterprise::console_host",
    PUPPETDB: "puppet_enterprise::puppetdb_host",
}


def install(directory: Path, version: str, pe_conf: Path, license_key: Path | None) -> Deployment:
    """Raises DeploymentError."""
    number_of(version)
    hosts = _hosts(pe_conf)
    deployment = Deployment(directory, version, {})
    for certname in dict.fromkeys(hosts.values()):
        services = tuple(service for service, host in hosts.items() if host == certname)
        deployment = deployment.with_node(certname, services)
    for node in deployment.nodes.values():
        _copy(pe_conf, node.pe_conf)
    primary = deployment.masters[0]
    if license_key is not None:
        _copy(license_key, primary.license)
    _make_authority(primary)
    write_deployment(deployment)
    for node in deployment.nodes.values():
        run_puppet(deployment, node)
    return deployment


def add_master(deployment: Deployment, certname: str) -> Deployment:
    """A further master of the same site. Raises DeploymentError."""
    if certname in deployment.nodes:
        raise DeploymentError(f"found the node '{certname}' already; expected a new name")
    grown = deployment.with_node(certname, (SERVER,))
    primary, node = deployment.masters[0], grown.nodes[certname]
    for of_primary, own in ((primary.pe_conf, node.pe_conf), (primary.license, node.license),
                            (primary.ca_certificate, node.ca_certificate)):  # fmt: skip
        if of_primary.exists():
            _copy(of_primary, own)
    write_deployment(grown)
    run_puppet(grown, node)
    return grown


def _hosts(pe_conf: Path) -> dict[str, str]:
    """The host of each service; what is not named is on the master."""
    hosts: dict[str, str] = {}
    try:
        for service, key in HOSTS.items():
            found = find_key(str(pe_conf), "hocon", key)
            hosts[service] = found[-1].value if found else hosts.get(SERVER, "")
    except (OSError, NotUnderstoodError) as error:
        raise DeploymentError(f"cannot read {pe_conf}: {error}") from None
    if not hosts[SERVER]:
        raise DeploymentError(f'found no "{MASTER_HOST}" in {pe_conf}; expected the master\'s name')
    for certname in hosts.values():
        if not certname or certname.startswith(".") or "/" in certname:
            raise DeploymentError(f"found the host '{certname}' in {pe_conf}; expected a host name")
    return hosts


def _make_authority(primary: Node) -> None:
    """The certificate of the site's certificate authority; kept if it is there."""
    path = primary.ca_certificate
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "1825", "-subj", f"/CN=Puppet CA: {primary.certname}",
        "-keyout", str(path.with_name("ca_key.pem")), "-out", str(path),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        raise DeploymentError("found no openssl, which makes the site's certificate") from None
    except subprocess.CalledProcessError as error:
        raise DeploymentError(f"openssl made no certificate: {error.stderr.decode()}") from None


def _copy(source: Path, target: Path) -> None:
    try:
        text = source.read_bytes()
    except OSError as error:
        raise DeploymentError(f"cannot read {source}: {error.strerror}") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)

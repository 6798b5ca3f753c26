"""Puppet Enterprise in small: install it, run Puppet, reload services, add a master.

    pe.py install --deployment DIR --pe-conf pe.conf [--license license.key] [--version 2016.5.2]
    pe.py add-master CERTNAME --deployment DIR
    pe.py job run --nodes master.example.com,console.example.com --deployment DIR
    pe.py service pe-puppetserver reload --node master.example.com --deployment DIR
    pe.py sample --deployment DIR --endpoint http://127.0.0.1:8090 --key KEY

`job run` is `puppet job run`, `service` is `service` of a node. `sample` installs on this
machine, as a monolithic text-mode installation, and starts the server once.
"""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from pe_puppetserver import main as pe_puppetserver
from puppet_enterprise.deployment import SERVICES, DeploymentError, read_deployment
from puppet_enterprise.installation import MASTER_HOST, add_master, install
from puppet_enterprise.puppet_run import run_puppet
from puppet_enterprise.running import reload

VERSION = "2016.5.2"
PUPPETDB = "http://127.0.0.1:8080"
SAMPLE_LICENSE = 'uuid: "5f2c1e6a-6c1f-4a0e-9d4e-000000000000"\nto: "this machine"\nnodes: 10\n'


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        code: int = options.action(options)
    except DeploymentError as error:
        print(f"pe: {error}", file=sys.stderr)
        return 1
    return code


def installed(options: argparse.Namespace) -> int:
    deployment = install(options.deployment, options.version, options.pe_conf, options.license)
    for node in deployment.nodes.values():
        print(f"{node.certname}: {', '.join(node.services)}")
    return 0


def added(options: argparse.Namespace) -> int:
    add_master(read_deployment(options.deployment), options.certname)
    return 0


def job_run(options: argparse.Namespace) -> int:
    deployment = read_deployment(options.deployment)
    nodes = [deployment.node(name) for name in options.nodes.split(",")]
    for node in nodes:
        print(f"{node.certname}: {run_puppet(deployment, node)}")
    return 0


def service_reload(options: argparse.Namespace) -> int:
    node = read_deployment(options.deployment).node(options.node)
    if not reload(node, options.service):
        raise DeploymentError(f"{options.service} does not run on {node.certname}; start it first")
    return 0


def sample(options: argparse.Namespace) -> int:
    """PuppetDB is asked if one listens here; without it nodes are not counted."""
    home: Path = options.deployment
    if not (home / "deployment.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        pe_conf, license_key = home / "pe.conf", home / "license.key"
        pe_conf.write_text(f'"{MASTER_HOST}": "{socket.gethostname() or "localhost"}"\n')
        license_key.write_text(SAMPLE_LICENSE)
        install(home, VERSION, pe_conf, license_key)
    words = ["--deployment", str(home), "--endpoint", options.endpoint, "--key", options.key]
    if _listens(PUPPETDB):
        words += ["--puppetdb", PUPPETDB]
    return pe_puppetserver([*words, "--once"], dict(os.environ))  # noqa: TID251 (its own)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition("/")[2].partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, says: str, action: object) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=says)
        made.set_defaults(action=action)
        made.add_argument("--deployment", type=Path, required=True, help="the installation")
        return made

    made = command("install", "a text-mode installation, as pe.conf says", installed)
    made.add_argument("--pe-conf", type=Path, required=True)
    made.add_argument("--license", type=Path, help="the license.key that Puppet has sent")
    made.add_argument("--version", default=VERSION, help="of Puppet Enterprise")
    command("add-master", "a further master", added).add_argument("certname")
    made = command("job", "run Puppet on nodes", job_run)
    made.add_argument("run", choices=["run"])
    made.add_argument("--nodes", required=True, help="with commas between")
    made = command("service", "reload a service of a node", service_reload)
    made.add_argument("service", choices=SERVICES)
    made.add_argument("what", choices=["reload"])
    made.add_argument("--node", required=True)
    made = command("sample", "install here, and check in once", sample)
    made.add_argument("--endpoint", required=True, help="the collector")
    made.add_argument("--key", required=True, help="the product's write key")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The Compose file and the manifests for Kubernetes: linted, hardened, and about one cluster."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from glasshouse.settings import Settings

REPOSITORY = Path(__file__).parents[3]
DEPLOY = REPOSITORY / "deploy"
BIN = Path(sys.executable).parent
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
RESOURCES = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]
WORKLOADS = [one for one in RESOURCES if one["kind"] in ("StatefulSet", "Deployment")]


def linted(*command: str | Path) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def named(resource) -> str:
    return f"{resource['kind']}-{resource['metadata']['name']}"


def test_yaml_is_sound():
    linted("yamllint", "--strict", "--config-file", DEPLOY / ".yamllint.yaml", DEPLOY)


def test_the_compose_file_is_one():
    schema = "--builtin-schema=vendor.compose-spec"
    linted("check-jsonschema", schema, DEPLOY / "compose.yaml")


def test_kubernetes_takes_the_manifests():
    linted("kubernetes-validate", "--strict", "--quiet", *MANIFESTS)


def test_every_manifest_is_applied_and_every_configuration_is_there():
    assert [DEPLOY / path for path in KUSTOMIZATION["resources"]] != []
    assert {DEPLOY / path for path in KUSTOMIZATION["resources"]} == set(MANIFESTS)
    made = {}
    for generator in KUSTOMIZATION["configMapGenerator"]:
        made[generator["name"]] = generator["files"]
        for file in generator["files"]:
            assert (DEPLOY / file.rpartition("=")[2]).is_file()
    for workload in WORKLOADS:
        for volume in workload["spec"]["template"]["spec"]["volumes"]:
            assert "configMap" not in volume or volume["configMap"]["name"] in made


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_every_pod_is_hardened_probed_and_bounded(workload):
    pod = workload["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"]["drop"] == ["ALL"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    assert ":latest" not in container["image"]


@pytest.mark.parametrize("workload", [w for w in WORKLOADS if w["spec"]["replicas"] > 1], ids=named)
def test_whatever_there_is_several_of_keeps_one_through_a_drain(workload):
    labels = workload["spec"]["selector"]["matchLabels"]
    budgets = [r["spec"] for r in RESOURCES if r["kind"] == "PodDisruptionBudget"]
    (budget,) = [b for b in budgets if b["selector"]["matchLabels"] == labels]
    assert budget.get("maxUnavailable") == 1 or budget.get("minAvailable") == 1


def test_every_container_of_the_compose_file_is_hardened():
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert int(service["user"].partition(":")[0]) > 0, name
        assert service["mem_limit"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def environments():
    for service in COMPOSE["services"].values():
        yield service.get("environment", {})
    for workload in WORKLOADS:
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        yield {entry["name"]: entry.get("value", "") for entry in container.get("env", ())}


def test_every_setting_that_is_given_exists():
    known = {f"GLASSHOUSE_{field.name.upper()}" for field in fields(Settings)}
    given = {name for found in environments() for name in found if name.startswith("GLASSHOUSE_")}
    assert {"GLASSHOUSE_JOURNAL", "GLASSHOUSE_STORE"} <= given <= known


def test_every_host_that_is_named_is_there():
    """In the Compose file, in the configuration of engines, and as a pod of Kubernetes."""
    settings = COMPOSE["x-settings"]
    text = settings["GLASSHOUSE_JOURNAL"] + settings["GLASSHOUSE_STORE"]
    for path in (DEPLOY / "configuration").glob("*.xml"):
        text += path.read_text()
        ET.parse(path)
    hosts = set(re.findall(r"(?:nats|keeper|clickhouse)(?:-\d)+\.(?:nats|keeper|clickhouse)", text))
    aliases = {
        alias
        for service in COMPOSE["services"].values()
        for alias in service.get("networks", {}).get("default", {}).get("aliases", ())
    }
    pods = {
        f"{w['metadata']['name']}-{n}.{w['spec']['serviceName']}"
        for w in WORKLOADS
        if w["kind"] == "StatefulSet"
        for n in range(w["spec"]["replicas"])
    }
    assert hosts == aliases == pods


@pytest.mark.skipif(shutil.which("nats-server") is None, reason="nats-server is not installed")
def test_nats_takes_its_configuration(tmp_path):
    text = (DEPLOY / "configuration" / "nats.conf").read_text()
    assert "sync_interval: always" in text
    said = subprocess.run(["nats-server", "--version"], capture_output=True, text=True).stdout
    if tuple(map(int, re.findall(r"\d+", said)[:2])) < (2, 10):
        text = text.replace("sync_interval: always", "")
    (tmp_path / "nats.conf").write_text(text)
    services = COMPOSE["services"]["nats-0"]["environment"]
    environment = {
        name: re.sub(r"\$\{\w+:\?\}", "secret", value) for name, value in services.items()
    }
    done = subprocess.run(
        ["nats-server", "-t", "-c", tmp_path / "nats.conf"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

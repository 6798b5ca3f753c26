"""The agent's `.deb`, really installed, used, removed and purged, on a copy of this machine.

systemd does not run there: what the unit says is checked by systemd's own tools, and its
command is run by hand as the unit's user, without capabilities, with all else read-only.
"""

import configparser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copied_machine import copied_machine, missing

BUILD = Path(__file__).parents[2] / "packaging" / "build_agent.py"
UNIT = "/lib/systemd/system/glasshouse-agent.service"
PRODUCTS, DROP, STATE = "/etc/glasshouse/products", "/var/spool/glasshouse", "/var/lib/glasshouse"
WHY_NOT = missing("systemd-analyze")

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def machine(tmp_path, manifest_with, collector):
    dist = tmp_path / "dist"
    subprocess.run([sys.executable, BUILD, dist], check=True, stdout=subprocess.DEVNULL)
    (package,) = dist.glob("*.deb")
    package.rename(dist / "agent.deb")
    shutil.copy(manifest_with(("http://127.0.0.1:9", collector.url)), dist / "acme.json")
    base = tmp_path / "machine"
    base.mkdir()
    with copied_machine(base, dist) as machine:
        yield machine


@pytest.fixture
def installed(machine):
    """With the package installed by apt, and a product's files in place."""
    machine.run("apt-get", "install", "-y", "/mnt/agent.deb")
    machine.sh(f"cp /mnt/acme.json {PRODUCTS}/ && echo write-key > {PRODUCTS}/acme.key")
    machine.run("dpkg", "--configure", "--pending")
    machine.sh(f"install -d -o glasshouse -g glasshouse -m 1733 {DROP}/acme")
    return machine


def unit(machine) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(machine.run("cat", UNIT))
    return dict(parser["Service"])


def as_the_unit_says(machine, *words: str, code: int = 0) -> list[dict]:
    """The unit's command as its user, with its sandbox as far as that needs no systemd."""
    service = unit(machine)
    assert (service["User"], service["NoNewPrivileges"]) == ("glasshouse", "yes")
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
    writable = [f"/var/lib/{service['StateDirectory']}", service["ReadWritePaths"]]
    binds = "".join(f"mount --bind {place} {place}\n" for place in writable)
    command = " ".join([service["ExecStart"], *words])
    script = (
        f"{binds}mount --bind / /media\nmount -o remount,bind,ro /media\n"
        + "".join(f"mount --bind {place} /media{place}\n" for place in writable)
        + "mount --bind /proc /media/proc\nmount --bind /dev /media/dev\n"
        "mount -t tmpfs tmpfs /media/tmp\n"
        "exec chroot /media setpriv --reuid glasshouse --regid glasshouse --clear-groups "
        f"--no-new-privs --bounding-set=-all --inh-caps=-all {command}"
    )
    output = machine.run("unshare", "--mount", "sh", "-ec", script, code=code)
    return [json.loads(line) for line in output.splitlines()]


def leave(machine, name: str, text: str) -> None:
    """As any program of any user does it."""
    machine.run(
        "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "sh", "-ec",
        f"umask 022; echo '{text}' > {DROP}/acme/.new && mv {DROP}/acme/.new {DROP}/acme/{name}",
    )  # fmt: skip


ITEM = '{"item": "event.done", "fields": {"count": 1}}'


def test_installed_used_removed_and_purged(installed, collector):
    assert "install ok installed" in installed.run("dpkg", "-s", "glasshouse-agent")
    assert installed.sh(f"stat -c '%U %a' {STATE} {DROP}").split() == [
        "glasshouse", "700", "glasshouse", "755",
    ]  # fmt: skip
    assert ":/usr/sbin/nologin" in installed.run("getent", "passwd", "glasshouse")

    leave(installed, "good.json", ITEM)
    leave(installed, "poison.json", '{"item": "event.done", "fields": {"secret": "ann"}}')
    (report,) = as_the_unit_says(installed, "--once", "--json", code=1)
    assert (report["taken"], report["sent"]) == (1, "acknowledged")
    assert "undeclared_field" in report["quarantined"]["poison.json"]
    assert [item["fields"] for item in collector.items] == [{"count": 1}]
    (report,) = as_the_unit_says(installed, "--once", "--json")
    assert report["quarantined"] == {}  # it is not tried again
    owners = installed.sh(f"find {STATE} {DROP}/acme/.quarantine -printf '%u\\n' | sort -u").split()
    assert set(owners) == {"glasshouse", "nobody"}  # the poison itself is still its writer's

    words = f"--manifest {PRODUCTS}/acme.json --state {STATE}/acme"
    sdk = f"setpriv --reuid glasshouse --regid glasshouse --clear-groups glasshouse-sdk {words}"
    assert "accepted" in installed.sh(f"{sdk} history")
    installed.sh(f"{sdk} off")
    leave(installed, "late.json", ITEM)
    (report,) = as_the_unit_says(installed, "--once", "--json")
    assert (report["discarded"], len(collector.items)) == (1, 1)

    installed.run("apt-get", "remove", "-y", "glasshouse-agent")
    installed.sh("! test -e /usr/bin/glasshouse-agent && ! test -e /usr/bin/glasshouse-sdk")
    installed.sh(f"test -e {STATE}/acme/answer.json")  # the owner's refusal outlives a removal
    installed.run("apt-get", "install", "-y", "/mnt/agent.deb")
    leave(installed, "again.json", ITEM)
    (report,) = as_the_unit_says(installed, "--once", "--json")
    assert (report["discarded"], len(collector.items)) == (1, 1)

    installed.sh(f"rm {PRODUCTS}/acme.json {PRODUCTS}/acme.key")  # as their package does
    installed.run("apt-get", "purge", "-y", "glasshouse-agent")
    left = f"{STATE} {DROP} /etc/glasshouse /etc/default/glasshouse-agent {UNIT}"
    assert installed.sh(f"ls -d {left} 2>/dev/null || true") == ""
    installed.run("getent", "passwd", "glasshouse", code=2)
    installed.run("getent", "group", "glasshouse", code=2)
    assert "glasshouse" not in installed.sh("dpkg -l | grep glasshouse || true")


def test_a_product_that_comes_later_has_its_drop_directory(machine, tmp_path):
    """The package listens for new manifests, so that a product's package need make nothing."""
    machine.run("apt-get", "install", "-y", "/mnt/agent.deb")
    machine.sh(f"""
        mkdir -p /root/late/DEBIAN /root/late{PRODUCTS}
        printf '%s\\n' 'Package: late' 'Version: 1' 'Architecture: all' \\
            'Maintainer: x <x@example.com>' 'Description: a product' > /root/late/DEBIAN/control
        cp /mnt/acme.json /root/late{PRODUCTS}/acme.json
        dpkg-deb --root-owner-group --build /root/late /root/late.deb
        dpkg -i /root/late.deb
    """)
    assert machine.sh(f"stat -c '%U %G %a' {DROP}/acme").split() == [
        "glasshouse", "glasshouse", "1733",
    ]  # fmt: skip


def test_never_as_root(installed):
    """Who starts it as root by hand has it run as its user all the same."""
    leave(installed, "1.json", ITEM)
    installed.sh("glasshouse-agent --once", code=0)
    assert installed.sh(f"find {STATE} -user root") == ""
    assert "User=glasshouse" in installed.run("cat", UNIT)


def test_the_unit_is_what_systemd_understands_and_calls_safe(installed):
    installed.run("systemd-analyze", "verify", "--man=no", UNIT)
    report = installed.run("systemd-analyze", "security", "--offline=true", "--threshold=25", UNIT)
    assert "Overall exposure level" in report


def test_the_scripts_are_sound():
    for script in ("postinst", "prerm", "postrm"):
        path = BUILD.with_name("debian") / script
        assert path.read_text().startswith("#!/bin/sh\n")
        subprocess.run(["sh", "-n", path], check=True)

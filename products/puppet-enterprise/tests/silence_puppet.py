"""Counts what Puppet Enterprise puts on the wire: run inside a network namespace of its own.

Each way to opt out of DISCLOSURE.md, done as it says there. What is used each time: a start of the
server, and a page view that the console's relay takes. Prints JSON lines; controls are on.

Started by `silence.namespace.reports`.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from silence.wire import Wire, report

REPOSITORY = Path(__file__).parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "products" / "puppet-enterprise")]

from pe_console import Analytics  # noqa: E402 (found by the path above)
from pe_site import (  # noqa: E402 (found by the path above)
    CLOSED,
    CONSOLE,
    MASTER,
    MONOLITHIC,
    NO_CHECK,
    OFF,
    SPLIT,
    Site,
    set_parameter,
    with_line,
)
from puppet_enterprise.deployment import read_deployment  # noqa: E402 (found by the path above)

from glasshouse_sdk.browser.relay import Asked  # noqa: E402 (as above)

RELAY_SENDS = 0.5  # seconds in which a relay would have been heard
VIEW = {"id": "a" * 32, "item": "event.page_view", "ago": 5, "fields": {"route": "/"}}
BODY = json.dumps({"product": "puppet-enterprise-console", "items": [VIEW]}).encode()


def installed(directory, pe_conf=SPLIT, version="2016.5.2"):
    return Site(directory, pe_conf=pe_conf, version=version, endpoint=CLOSED, key="k")


def look_at_a_page(site, environ):
    """In a process that ends with it, as a relay tries again for a while."""
    command = [sys.executable, __file__, "look", site.directory, json.dumps(environ)]
    subprocess.run(command, check=True, timeout=60)


def look(directory, environ):
    """The console's relay takes a page view; the page's own request is not on the wire."""
    analytics = Analytics(read_deployment(directory), CLOSED, environ)
    asked = Asked("POST", "/glasshouse/items", {"user-agent": "x"}, "192.0.2.1", BODY)
    assert analytics.relay.answer(asked).status == 204
    time.sleep(RELAY_SENDS)


def use(site, **variables):
    site.once(**variables)
    look_at_a_page(site, variables)


def turn_off(site, *, check=True):
    """In the console; then a run of Puppet is what the next line does."""
    set_parameter(site)
    if check:
        owner = "puppet_enterprise::profile::master"
        set_parameter(site, name="check_for_updates", owner=owner)


def refused_at_the_installation(layout):
    def prepared(directory):
        return installed(directory, with_line(layout, OFF + NO_CHECK)), {}

    return prepared


def refused_later(directory):
    site = installed(directory)
    use(site)  # the request waits, for nobody has taken it
    turn_off(site)
    site.job_run(MASTER, CONSOLE)
    return site, {}


def do_not_track(directory):
    return installed(directory), {"DO_NOT_TRACK": "1"}


CASES = {
    "pe.conf, monolithic": refused_at_the_installation(MONOLITHIC),
    "pe.conf, split": refused_at_the_installation(SPLIT),
    "class parameter": refused_later,
    "DO_NOT_TRACK": do_not_track,
}


def main(directory):
    wire = Wire()
    control = installed(directory / "control")
    wire.count()
    control.once()
    report(control="server", packets=wire.wait())
    look_at_a_page(control, {})
    report(control="console", packets=wire.wait())
    for name, prepare in CASES.items():
        site, variables = prepare(directory / name.replace(" ", "-"))
        time.sleep(RELAY_SENDS)
        wire.count()
        use(site, **variables)
        report(case=name, packets=wire.count(), files=files(site))
    count_a_running_server(directory, wire)
    count_the_check_alone(directory, wire)


def count_a_running_server(directory, wire):
    """On 2016.5.1 the reload is part of opting out; until then the server goes on."""
    site = installed(directory / "running", version="2016.5.1")
    with site.server("--every", "0.3") as server:
        server.said()
        turn_off(site)
        site.job_run(MASTER, CONSOLE)
        server.said()
        wire.count()
        server.said()
        report(control="2016.5.1 before the reload", packets=wire.count())
        site.reload("pe-puppetserver", MASTER)
        while server.said().get("sent") != "off":
            pass
        wire.count()
        for _ in range(4):
            server.said()
        look_at_a_page(site, {})
        report(case="2016.5.1, reloaded", packets=wire.count(), files=files(site))


def count_the_check_alone(directory, wire):
    """Data off, the check for updates on: the only packets are the check's."""
    site = installed(directory / "check", with_line(SPLIT, OFF))
    wire.count()
    look_at_a_page(site, {})
    report(case="pe.conf, the console beside the check", packets=wire.count(), files=files(site))
    site.once()
    report(control="the check alone", packets=wire.wait())


def files(site):
    return sorted({name for certname in (MASTER, CONSOLE) for name in site.files(certname)})


if __name__ == "__main__":
    if sys.argv[1] == "look":
        look(Path(sys.argv[2]), json.loads(sys.argv[3]))
    else:
        main(Path(sys.argv[1]))

"""The telemetry of a service, and how it learns what Puppet has written into its settings.

A service reads its settings when it starts and when it is reloaded, and keeps what they say as the
answer of whoever runs the installation. pe.conf needs no reading: it is a switch of the manifest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployment import Node
from parameters import PARAMETERS

from glasshouse_sdk import Telemetry
from glasshouse_sdk.answers import UnreadableAnswersError, read_answers
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.state import State


def manifest_on(node: Node, manifest: Path) -> dict[str, Any]:
    """The compiled manifest, with the files of its switches where this node has them."""
    compiled = dict(load_compiled(str(manifest)))
    switches = [dict(switch) for switch in compiled["switches"]]
    for switch in switches:
        if switch["file"]:
            switch["file"] = str(node.root / switch["file"].lstrip("/"))
    return {**compiled, "switches": switches}


def obey(telemetry: Telemetry, state: Path, settings: Mapping[str, bool]) -> None:
    """Keep what the settings say. Nothing is written where nothing was ever refused."""
    try:
        refused = {name for name, each in read_answers(State(str(state))).items()
                   if each.says == "off"}  # fmt: skip
    except UnreadableAnswersError:
        refused = set()  # it is off already, whatever is said here
    for parameter in PARAMETERS:
        value = settings.get(parameter.name)
        if value is False and parameter.channel not in refused:
            telemetry.answer("off", channel=parameter.channel, by=parameter.switch)
        elif value is True and parameter.channel in refused:
            telemetry.answer("on", channel=parameter.channel, by=parameter.switch)

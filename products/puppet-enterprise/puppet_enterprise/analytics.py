"""The telemetry of a service, and how it learns what Puppet has written into its settings.

A service reads its settings when it starts and when it is reloaded, and keeps what they say as the
answer of whoever runs the installation. pe.conf needs no reading: it is a switch of the manifest.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from glasshouse_sdk import Telemetry
from glasshouse_sdk.answers import UnreadableAnswersError, read_answers
from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.state import State
from puppet_enterprise.deployment import Node
from puppet_enterprise.parameters import PARAMETERS


def manifest_on(node: Node, manifest: Path) -> dict[str, Any]:
    """The compiled manifest, with the files of its switches where this node has them."""
    compiled = dict(load_compiled(str(manifest)))
    switches = [dict(switch) for switch in compiled["switches"]]
    for switch in switches:
        if switch["file"]:
            switch["file"] = str(node.root / switch["file"].lstrip("/"))
    return {**compiled, "switches": switches}


def obey(
    telemetry: Telemetry, state: Path, settings: Mapping[str, bool], channels: Collection[str]
) -> None:
    """Keep what the settings say of these channels; nothing where nothing was ever refused."""
    refused = _refused(state)
    for parameter in PARAMETERS:
        value = settings.get(parameter.name)
        if value is None or parameter.channel not in channels:
            continue
        if value is (parameter.channel in refused):
            says = "on" if value else "off"
            telemetry.answer(says, channel=parameter.channel, by=parameter.switch)


def _refused(state: Path) -> set[str]:
    try:
        answers = read_answers(State(str(state)))
    except UnreadableAnswersError:
        return set()  # everything is off already, whatever is said here
    return {channel for channel, answer in answers.items() if answer.says == "off"}

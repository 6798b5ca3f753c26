"""What may be sent now: asked again before every request, for each project by its own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse_sdk.claims import Claim
from glasshouse_sdk.consent import Consent, decide
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.projects import project_of
from glasshouse_sdk.state import State
from glasshouse_sdk.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Permission:
    state: State
    destination: Destination
    surroundings: Surroundings

    def everywhere(self) -> Consent:
        """What holds outside of any project."""
        return decide(self.destination.manifest, self.surroundings.in_project(None), self.state)

    def of(self, claim: Claim) -> Mapping[str, str]:
        """The states of the channels for the items of one claim."""
        if not claim.project:
            return self.everywhere().states
        project = project_of(self.state, claim.project)
        if project is None:  # nobody can say what its files say
            return dict.fromkeys(self.destination.manifest["channels"], "off")
        here = self.surroundings.in_project(project)
        return decide(self.destination.manifest, here, self.state).states

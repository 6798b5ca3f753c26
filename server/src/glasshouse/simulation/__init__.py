"""Simulated fleets: what installations in the field would send, deterministic from a seed.

A product's `fleet.py` says what its installations are like and turns them into requests; this
package knows how populations live (`population`), how requests reach the doors (`delivery`) and
how such a program is called (`program`). Everything goes through the doors, marked as simulated.
"""

from glasshouse.simulation.delivery import Request
from glasshouse.simulation.population import Calendar, Life, Release, life, newest_release
from glasshouse.simulation.program import Fleet, run_fleet

__all__ = [
    "Calendar",
    "Fleet",
    "Life",
    "Release",
    "Request",
    "life",
    "newest_release",
    "run_fleet",
]

"""The scenarios, by the name that `./dev bench NAME` knows them by."""

from benchmarks.scenarios import start

SCENARIOS = {"start": start}

"""The scenarios, by the name that `./dev bench NAME` knows them by."""

from benchmarks.scenarios import start, throughput

SCENARIOS = {"start": start, "throughput": throughput}

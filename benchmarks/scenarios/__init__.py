"""The scenarios, by the name that `./dev bench NAME` knows them by."""

from benchmarks.scenarios import effects, fairness, growth, latency, memory, start, throughput, workers

SCENARIOS = {
    "start": start,
    "throughput": throughput,
    "latency": latency,
    "effects": effects,
    "workers": workers,
    "growth": growth,
    "memory": memory,
    "fairness": fairness,
}

"""Cases on their way: intake, batches, steps, effects, quarantine, dead letters, replay, hold.

Knows neither who decides (inbox), nor how far a judgement may be trusted (assurance), nor which release is the right one
(releases): it asks them through `ports`.
"""

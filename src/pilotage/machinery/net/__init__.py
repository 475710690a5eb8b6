"""The one door to the network: HTTP out with time-outs, size limits, an address guard, redaction and an armed switch.

It tells precisely what became of a request: never left, may have left, or answered. Knows no connection and no step.
"""

"""Support tickets find their team: start reading in `automation.py`."""

"""The ground that everything stands on: ids, clock, durations, errors. Imports nothing of ours."""

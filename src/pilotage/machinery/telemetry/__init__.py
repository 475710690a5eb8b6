"""Traces and metrics in OpenTelemetry's formats, where somebody asks for them: what was done, how long it took, how it ended.

Names, counts, times and our own words alone: no record, no credential, no text of an exception. Knows no subject.
"""

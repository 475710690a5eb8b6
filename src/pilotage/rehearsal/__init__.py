"""Rehearsals: records go through an automation's code in a process of its own, out of which nothing gets.

Effects are planned as always and meet the disarmed door; what they would have been answered comes from recordings or from the
project's fakes. Knows no credential: the process that runs the code is given none.
"""

"""Later."""

from benchmarks.contender import Contender

CONTENDERS: list[Contender] = []

"""DBOS behind the port: the only place that imports it, and it does so when an engine is made."""

from pilotage.machinery.engine.dbos.engine import DbosEngine

__all__ = ["DbosEngine"]

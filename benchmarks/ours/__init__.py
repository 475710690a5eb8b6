"""Pilotage, as it is measured."""

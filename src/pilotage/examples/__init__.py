"""Three automations that ship with Pilotage, to run, to read and to copy."""

"""The help desk of the example: an outside service of our own making, with a quota, a log and faults to switch on."""

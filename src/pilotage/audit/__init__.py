"""The audit trail: who did what, chained so that a change is seen.

Subjects record their events in their own transactions (`machinery/events`); this one seals, shows and verifies them. Nobody
imports it in order to be audited.
"""

"""Outside accounts at run time: carries a step's calls, and says of each whether it was answered, not done, or is unknown.

Limits, the breaker and their forecast come here later, behind `permit`. Knows no case, no ledger and no batch.
"""

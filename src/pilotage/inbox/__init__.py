"""What people must settle: decisions, who is asked, by when, and who follows on silence. Silence never approves.

Knows nothing of how cases move; it asks `cases` to carry an answer out, in one transaction with the decision.
"""

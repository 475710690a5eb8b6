"""The use cases of cases: each loads, decides by a policy, saves, and records what happened, in one transaction."""

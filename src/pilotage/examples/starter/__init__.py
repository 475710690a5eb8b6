"""The project that `pilotage new` writes: small, whole, and its author's own from the first minute."""

"""Events: what somebody did, written down in the transaction in which it was done. Knows no subject."""

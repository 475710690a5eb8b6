"""The pages of cases: the list, and each of them. They read alone."""

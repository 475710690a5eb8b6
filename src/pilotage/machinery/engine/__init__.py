"""The engine that carries batches: its port, DBOS behind it, and one that runs in the process."""

"""The commands of operations: run, serve, status, doctor, check. They parse, call and print."""

"""The commands of the cases: submit, case, quarantine, withdraw, replay, hold, resume. They parse, call and print."""

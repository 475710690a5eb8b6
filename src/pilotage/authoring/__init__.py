"""The declarations of everything an author writes: pure values. Knows no database, no engine, no network."""

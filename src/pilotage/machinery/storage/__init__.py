"""The one way to the database: engines for SQLite and PostgreSQL, transactions, platform time, bulk writes."""

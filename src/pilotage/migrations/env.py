"""What Alembic runs: the revisions, in the transaction that `prepare` has opened."""

from alembic import context

from pilotage.machinery.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

"""Run by alembic for each upgrade: which schema is meant, and how a step is committed.

Each migration and the record that it was made are one transaction, on SQLite too,
which needs to be told so: cut in the middle, a database is as it was before that step.
The connection is handed in by ``server.store.migrate``, which also keeps others away.
"""

from alembic import context

from server.models import db
from server.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, db.metadata],
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)

with context.begin_transaction():
    context.run_migrations()

"""The ledger: feeds, entries, records, operations, and what waits for somebody.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    make_meta()
    make_feed()
    make_entry()
    make_record()
    make_operation()
    make_conflict()
    make_held()
    make_aside()


def make_meta() -> None:
    op.create_table(
        "meta",
        sa.Column("name", KEY, autoincrement=False, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
        sqlite_with_rowid=False,
    )


def make_feed() -> None:
    op.create_table(
        "feed",
        sa.Column("key", SERIAL, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sum", sa.BigInteger(), nullable=False),
        sa.Column("purged", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_feed"),
        sa.UniqueConstraint("name", name="uq_feed_name"),
        sqlite_with_rowid=True,
    )


def make_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("feed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", KEY, nullable=False),
        sa.Column("home", sa.BigInteger(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.PrimaryKeyConstraint("feed", "seq", name="pk_entry"),
        sa.UniqueConstraint("feed", "record", name="uq_entry_feed_record"),
        sqlite_with_rowid=False,
    )


def make_record() -> None:
    op.create_table(
        "record",
        sa.Column("feed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("head", KEY, nullable=False),
        sa.Column("tail", KEY, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("row", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "id", name="pk_record"),
        sa.UniqueConstraint("id", name="uq_record_id"),
        sqlite_with_rowid=False,
    )


def make_operation() -> None:
    op.create_table(
        "operation",
        sa.Column("stamp", KEY, autoincrement=False, nullable=False),
        sa.Column("record", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("outcome", KEY, nullable=False),
        sa.Column("code", KEY, nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("corrected", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("prev", KEY, nullable=True),
        sa.Column("cause", KEY, nullable=True),
        sa.Column("conflict", KEY, nullable=True),
        sa.Column("was", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name="pk_operation"),
        sqlite_with_rowid=False,
    )


def make_conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("record", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("feed", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", KEY, nullable=True),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conflict"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conflict_closed_opened", "conflict", ["closed", "opened"], unique=False)
    op.create_index("ix_conflict_record", "conflict", ["record"], unique=False)


def make_held() -> None:
    op.create_table(
        "held",
        sa.Column("stamp", KEY, autoincrement=False, nullable=False),
        sa.Column("record", KEY, nullable=False),
        sa.Column("needs", KEY, nullable=True),
        sa.Column("code", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column("feeds", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("stamp", name="pk_held"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_held_needs", "held", ["needs"], unique=False)
    op.create_index("ix_held_since", "held", ["since"], unique=False)


def make_aside() -> None:
    op.create_table(
        "aside",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("device", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("stamp", KEY, nullable=True),
        sa.Column("code", KEY, nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_aside"),
        sqlite_with_rowid=False,
    )

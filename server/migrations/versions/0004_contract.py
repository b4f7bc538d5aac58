"""Groups, merged records, identity keys, and how old the entries of feeds are.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

WAITS = {"group_waits": "group", "kind_waits": "review"}
"""Code that an operation was held with before -> the code of today."""


def upgrade() -> None:
    op.add_column("record", sa.Column("into", KEY, nullable=True))
    op.add_column("held", sa.Column("group", KEY, nullable=True))
    op.create_index("ix_held_group", "held", ["group"], unique=False)
    op.add_column("device", sa.Column("repairs", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("device", sa.Column("repaired_at", sa.BigInteger(), nullable=True))
    make_stray()
    make_identity()
    make_mark()
    rename_codes()


def make_stray() -> None:
    op.create_table(
        "stray",
        sa.Column("record", KEY, nullable=False),
        sa.Column("feed", KEY, nullable=False),
        sa.Column("into", KEY, nullable=True),
        sa.Column("stamp", KEY, nullable=False),
        sa.PrimaryKeyConstraint("record", "feed", name="pk_stray"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stray_into", "stray", ["into"], unique=False)


def make_identity() -> None:
    op.create_table(
        "identity",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", KEY, nullable=False),
        sa.PrimaryKeyConstraint("key", "record", name="pk_identity"),
        sqlite_with_rowid=False,
    )


def make_mark() -> None:
    op.create_table(
        "mark",
        sa.Column("feed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "at", name="pk_mark"),
        sqlite_with_rowid=False,
    )


def rename_codes() -> None:
    for old, new in WAITS.items():
        for table in ("held", "operation"):
            changed = sa.table(table, sa.column("code"))
            op.execute(changed.update().where(changed.c.code == old).values(code=new))

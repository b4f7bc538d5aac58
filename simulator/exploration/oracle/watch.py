"""The watch: triggers on a connection, which write down what each transaction changes.

The oracle must miss nothing and believe nobody, and it must not read everything after each
request. So the database itself tells, row by row, in the order in which it was written; what
is rolled back was never told. ``what`` is the table and the sign of the change:

``op+`` ``op~`` ``op!`` ``op-``  an operation came; got another outcome; was written over; went
``rec`` ``rec-``  a record's row was written; went
``con`` ``con-``, ``held+`` ``held-``  the same of conflicts, and of operations that wait
``feed``  the key of a feed of which an entry came, changed or went
"""

from __future__ import annotations

__all__ = ["WATCH"]

WATCH = """
CREATE TEMP TABLE watch (n INTEGER PRIMARY KEY, what TEXT, key TEXT, old BLOB, new BLOB);
CREATE TEMP TRIGGER w_op_new AFTER INSERT ON main.operation BEGIN
  INSERT INTO watch (what, key) VALUES ('op+', NEW.stamp); END;
CREATE TEMP TRIGGER w_op AFTER UPDATE ON main.operation BEGIN
  INSERT INTO watch (what, key, old, new) VALUES (
    CASE WHEN OLD.body = NEW.body AND OLD.stamp = NEW.stamp AND OLD.record = NEW.record
      AND OLD.actor = NEW.actor AND OLD.at = NEW.at AND OLD.received = NEW.received
      AND OLD.kind = NEW.kind THEN 'op~' ELSE 'op!' END,
    NEW.stamp, OLD.outcome, NEW.outcome); END;
CREATE TEMP TRIGGER w_op_gone AFTER DELETE ON main.operation BEGIN
  INSERT INTO watch (what, key) VALUES ('op-', OLD.stamp); END;
CREATE TEMP TRIGGER w_rec_new AFTER INSERT ON main.record BEGIN
  INSERT INTO watch (what, key, new) VALUES ('rec', NEW.id, NEW.row); END;
CREATE TEMP TRIGGER w_rec AFTER UPDATE OF row, head, deleted ON main.record BEGIN
  INSERT INTO watch (what, key, old, new) VALUES ('rec', NEW.id, OLD.row, NEW.row); END;
CREATE TEMP TRIGGER w_rec_gone AFTER DELETE ON main.record BEGIN
  INSERT INTO watch (what, key) VALUES ('rec-', OLD.id); END;
CREATE TEMP TRIGGER w_con_new AFTER INSERT ON main.conflict BEGIN
  INSERT INTO watch (what, key) VALUES ('con', NEW.id); END;
CREATE TEMP TRIGGER w_con AFTER UPDATE ON main.conflict BEGIN
  INSERT INTO watch (what, key) VALUES ('con', NEW.id); END;
CREATE TEMP TRIGGER w_con_gone AFTER DELETE ON main.conflict BEGIN
  INSERT INTO watch (what, key) VALUES ('con-', OLD.id); END;
CREATE TEMP TRIGGER w_held_new AFTER INSERT ON main.held BEGIN
  INSERT INTO watch (what, key) VALUES ('held+', NEW.stamp); END;
CREATE TEMP TRIGGER w_held AFTER UPDATE ON main.held BEGIN
  INSERT INTO watch (what, key) VALUES ('held+', NEW.stamp); END;
CREATE TEMP TRIGGER w_held_gone AFTER DELETE ON main.held BEGIN
  INSERT INTO watch (what, key) VALUES ('held-', OLD.stamp); END;
CREATE TEMP TRIGGER w_entry_new AFTER INSERT ON main.entry BEGIN
  INSERT INTO watch (what, key) VALUES ('feed', NEW.feed); END;
CREATE TEMP TRIGGER w_entry AFTER UPDATE ON main.entry BEGIN
  INSERT INTO watch (what, key) VALUES ('feed', NEW.feed), ('feed', OLD.feed); END;
CREATE TEMP TRIGGER w_entry_gone AFTER DELETE ON main.entry BEGIN
  INSERT INTO watch (what, key) VALUES ('feed', OLD.feed); END;
"""

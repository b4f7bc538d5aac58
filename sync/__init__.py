"""The engine of Yuanba: one contract between tablets and a server, without I/O.

Reading order is dependency order: errors, stamps, policies, catalogue,
operation, record, textmerge, merge, feeds, scope, store, authority, exchange;
then, on the device's side, outbox, replica, session, client.
"""

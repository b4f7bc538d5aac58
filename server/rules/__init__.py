"""Governance rules: the tables and pure functions that decide about orders.

The server, the catalogue sent to tablets and the simulator all read these, so
that a rule is changed in one place and measured before it is changed. Nothing
here reads a clock, a database or a file.
"""

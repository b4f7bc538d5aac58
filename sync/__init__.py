"""The engine of Yuanba: one contract between tablets and a server, without I/O.

Reading order is dependency order; ``sync/README.md`` has it, for the server's side and
the device's.
"""

"""The server: the one place that decides, and the console where people see it.

It puts the engine of ``sync`` behind HTTP and SQL, and adds what the engine does
not know: record types, governance rules, accounts, pages, and the command line
``yuanba`` (in ``server.cli``, the only place that also imports ``simulator``).
"""

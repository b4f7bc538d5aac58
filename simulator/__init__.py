"""The simulator: a county's people, cases and workers on a virtual clock.

It imports ``sync`` and ``server.rules``, so that what it measures is decided by
the rules that run in production and not by a copy of them.
"""

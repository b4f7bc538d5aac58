"""The sync engine: how a tablet that is mostly offline and the server come to agree.

It knows operations, stamps, field policies, conflicts, feeds and cursors, and
nothing of Flask, SQL dialects or people. Clocks, randomness and connections are
handed in, so that the same code runs on a tablet, in the server and in a
simulation on virtual time.

It imports the standard library, and merge3 for merging text. Nothing else.
"""

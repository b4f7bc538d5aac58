"""The command line `yuanba`: the only place that imports all three packages.

Each command is a module of its own in this folder.
"""

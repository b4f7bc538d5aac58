"""Accounts: passwords, one-time codes, device tokens, and the log of who did what.

Functions here take an open SQLAlchemy session, the time and the randomness; the
caller commits. So the console, the doors and the command line share them.
"""

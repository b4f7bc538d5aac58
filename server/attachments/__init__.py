"""Attachments: photos that belong to records, sent in pieces and kept by their hash.

``uploads`` says what the door may do with them; ``README.md`` where what is.
"""

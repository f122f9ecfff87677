"""Moves what is in a SQLite file to a PostgreSQL: batch by batch, resumable, compared at the end.

Rows are walked in the order of the file's primary keys. Nothing depends on the order in which the
server sorts text, for that is another one: rows are looked up there by their keys.
"""

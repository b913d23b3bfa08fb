"""The SQL of the database store: what every dialect says alike, and a file for each that does not.

Pure: text and values in, rows out to results; connections are in ``stores.drivers``.
"""

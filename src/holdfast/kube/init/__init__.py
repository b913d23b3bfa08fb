"""A ``LaravelApp`` written from a Laravel project: ``facts`` are read, each section makes lines of
them, ``commented`` writes the lines down, each with where its value is from.
"""

"""One ``LaravelApp`` becomes the whole deployment: plain dicts from pure functions.

``spec`` is what a person writes, ``read`` reads it and refuses what would lose sessions, ``app`` is
what every concern is handed, and each concern is a module with two functions: ``objects(app)`` and
``decisions(app)``. ``render`` puts them together.
"""

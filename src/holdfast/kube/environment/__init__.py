"""The variables of the application, each file those of one thing; ``gather`` puts them together."""

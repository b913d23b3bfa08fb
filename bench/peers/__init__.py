"""Session libraries, each with the same small shop on top; see ``bench/races.py``."""

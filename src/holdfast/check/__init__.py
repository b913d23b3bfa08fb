"""Finds what would lose, leak or break sessions, in a project, its image, its manifests, its edge.

Judges records alone: it opens no store and talks to no cluster.
"""

"""Starts and stops real servers, each in a directory and on a loopback port of its own.

A server is a directly started child, never one of the machine's services; who starts it ends it.
"""

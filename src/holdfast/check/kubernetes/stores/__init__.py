"""The servers that keep sessions: which object runs one, what it is set to, which name leads there.

``reach.stores_of`` finds them among the manifests, ``reach.Stores.behind`` says which of them a
host name means. What no manifest says is unknown, never a default that may be overridden.
"""

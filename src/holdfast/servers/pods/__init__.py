"""A pod without a cluster: the containers of a manifest as processes on this machine.

What a kubelet does with a pod is done here with its template: volumes are made, variables
resolved, init containers run one after the other, containers are started, probed and stopped with
hooks. They are real processes under bubblewrap: each with a root and a PID 1 of its own, as the
user of the manifest, without capabilities. They share the network: a pod is told its ports.
"""

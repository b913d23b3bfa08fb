"""The I/O of the stores. Only here are clients imported and foreign errors met."""

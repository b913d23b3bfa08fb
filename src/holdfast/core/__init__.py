"""The ground floor: flows, errors, the clock, and the handle that stands for a session id."""

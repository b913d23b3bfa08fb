"""Laravel's sessions for Python web applications."""

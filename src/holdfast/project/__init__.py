"""What a Laravel directory says about its sessions, read without running any of it."""

"""What runs behind requests."""

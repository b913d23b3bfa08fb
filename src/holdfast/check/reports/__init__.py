"""What was found, in the forms that people and machines read; none shows a secret's value."""

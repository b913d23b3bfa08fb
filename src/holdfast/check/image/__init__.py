"""What a container image holds and does, as far as its Dockerfile and what that copies tell."""

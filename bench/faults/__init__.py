"""What a client does to its host, and to what it was given, when the world is against it."""

"""What Laravel 8 to 13 writes, byte for byte. Pure: bytes and mappings in, bytes and values out."""

"""Month-level planning of rotations."""

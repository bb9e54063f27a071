"""Reading an archive, never writing it."""

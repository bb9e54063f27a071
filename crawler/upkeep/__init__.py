"""Keeping an archive sound, without a request."""

"""Keep an archive sound: verify, repair, read again, add. Nothing here makes a request."""

"""The commands that this project adds to `scrapy`, one file each. `commands/` has the code of those that make no request."""

from crawler import streams

streams.secure()

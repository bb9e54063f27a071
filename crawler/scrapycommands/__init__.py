"""The commands that this project adds to `scrapy`, one file each. What those without requests do is in `commands/`."""

from crawler import streams

streams.secure()

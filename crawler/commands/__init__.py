"""The commands that this project adds to `scrapy`, one file each."""

from crawler import streams

streams.secure()

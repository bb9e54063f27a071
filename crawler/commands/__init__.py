"""Commands of `scrapy` in this project, one file each."""

from crawler import streams

streams.secure()

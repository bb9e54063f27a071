"""The commands that make no requests, one file each. None imports Scrapy, which would take half a second."""

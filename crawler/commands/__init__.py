"""Commands of `scrapy` in this project, one file each."""

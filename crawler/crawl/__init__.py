"""The crawl: Scrapy, and nothing but glue."""

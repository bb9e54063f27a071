"""Settings of the spider that only downloads: Scrapy's own defaults."""

ROBOTSTXT_OBEY = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

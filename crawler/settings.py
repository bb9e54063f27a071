"""Every setting that differs from Scrapy's default, with that default and the reason; then this project's own.

`dw.toml` in the working folder replaces what stands here, environment variables (`DW_ARCHIVER_ARCHIVE_DIR`) replace both, and
`-s` replaces all. docs/configuration.md explains it.

What only a crawl for an archive uses (its scheduler, pipelines, middlewares and extensions) is in `crawl.components`.
"""

from crawler import __version__, urls
from crawler.configuration import names, sources

BOT_NAME = "dw-archiver"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.scrapycommands"  # changes to Scrapy's commands, and our own

# --- this project's own ---

ARCHIVE_DIR = "archive"
ARCHIVE_SEEDS = "seeds/"  # where a crawl begins, unless `-a seeds=...` or `-a edition=...` says so
ARCHIVE_MIN_FREE = 500 * 1024 * 1024  # bytes; a run with less free space stops
ARCHIVE_REFRESH = [(2, 0), (14, 1), (60, 7)]  # pairs (age in days, days between checks); older articles are not checked
ARCHIVE_KINDS = ["article", "gallery", "video", "liveblog"]  # kinds of documents to archive; audio is possible too
ARCHIVE_PICTURE_WIDTH = 700  # pixels, as the format shows pictures; the nearest width that DW has is stored
ARCHIVE_ALERT_SHARE = 0.25  # a run that finds less than this share of the median of the last ten ends with status 3 ...
ARCHIVE_ALERT_MINIMUM = 20  # ... if that median is at least this
SITE_DIR = ""  # where `scrapy site` makes its pages; empty: site/ beside the archive

DW_API_URL = "https://api.dw.com"
DW_STATIC_URL = "https://static.dw.com"
DW_WWW_URL = "https://www.dw.com"
DW_RSS_URL = "https://rss.dw.com"
DW_MEDIA_URL = ""  # a mirror or a test server that replaces all MEDIA_HOSTS

MEDIA_HOSTS = sorted(urls.MEDIA_HOSTS)  # beside DW's own; requested with -a media=1 only
MEDIA_MAXSIZE = 500 * 1024 * 1024  # bytes; larger media files are refused

HTTP_CLIENT = "auto"  # aiohttp if uvloop is installed, else twisted; either can be named
CONTACT = ""  # how DW can reach you; added to the User-Agent

RETRY_BACKOFF = 2.0  # seconds before the first retry; doubled for each further one
RETRY_AFTER_MAX = 300  # seconds; a longer Retry-After ends the requests to that host for this run

# --- manners ---

USER_AGENT = f"dw-archiver/{__version__} (news archiver; Scrapy)"  # Scrapy's names Scrapy; CONTACT is added to it
ROBOTSTXT_OBEY = True  # False
DOWNLOAD_DELAY = 1.0  # 0; seconds between requests to api.dw.com and www.dw.com
AUTOTHROTTLE_ENABLED = True  # False
AUTOTHROTTLE_START_DELAY = 1.0  # 5.0: DOWNLOAD_DELAY is polite enough to begin with
CONCURRENT_REQUESTS_PER_DOMAIN = 4  # 8; the pictures' host, and how many of its connections are kept open
DOWNLOAD_SLOTS = {  # {}; when DW_..._URL name other hosts, these entries go with them
    "api.dw.com": {"concurrency": 1},  # one at a time, DOWNLOAD_DELAY apart
    "www.dw.com": {"concurrency": 1},
    "rss.dw.com": {"concurrency": 1},
    "static.dw.com": {"delay": 0.0},  # pictures: static files behind a cache
}
RETRY_TIMES = 4  # 2; with back-off 2, 4, 8, 16 seconds
DOWNLOAD_TIMEOUT = 60  # 180; DW's slowest known answer takes 30
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024  # 1 GiB; the largest known reply has 330 KB
DOWNLOAD_WARNSIZE = 0  # 32 MiB

# --- safety ---

DOWNLOAD_VERIFY_CERTIFICATES = True  # False: any certificate would do
REMOTE_CONTROL_ENABLED = False  # True: runs any Python that a program on this machine sends
TELNETCONSOLE_ENABLED = False  # True: the same, with a password
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # CachingThreadedResolver knows no IPv6

# --- what is shown ---

LOG_LEVEL = "INFO"  # DEBUG
LOG_VERSIONS: list[str] = []

vars().update(sources.of_process(names.of_module(vars())))

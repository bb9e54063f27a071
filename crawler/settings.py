"""Every setting that differs from Scrapy's default, with that default and the reason; then this project's own."""

from crawler import urls

BOT_NAME = "dw-archiver"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.commands"  # crawl with exit statuses; status, verify, repair, reindex, add, new-seeds, diff

# --- this project's own ---

ARCHIVE_DIR = "archive"
ARCHIVE_MIN_FREE = 500 * 1024 * 1024  # bytes; a run with less free space stops
ARCHIVE_REFRESH = [(2, 0), (14, 1), (60, 7)]  # days of age: days between looks; older: never again
ARCHIVE_KINDS = ["article", "gallery", "video", "liveblog"]  # what becomes a document; also known: audio
ARCHIVE_ALERT_SHARE = 0.25  # a run that finds less than this share of the median of the last ten ends with status 3 ...
ARCHIVE_ALERT_MINIMUM = 20  # ... where that median is at least this

DW_API_URL = "https://api.dw.com"
DW_STATIC_URL = "https://static.dw.com"
DW_WWW_URL = "https://www.dw.com"
DW_RSS_URL = "https://rss.dw.com"
DW_MEDIA_URL = ""  # a mirror or a test that stands in for every one of MEDIA_HOSTS

MEDIA_HOSTS = sorted(urls.MEDIA_HOSTS)  # beside DW's own; requested with -a media=1 only
MEDIA_MAXSIZE = 500 * 1024 * 1024  # bytes; larger media files are refused

CONTACT = ""  # how DW can reach whoever runs this: an address in the User-Agent

RETRY_BACKOFF = 2.0  # seconds before the first retry; doubled for each further one
RETRY_AFTER_MAX = 300  # seconds; a longer Retry-After ends the requests to that host for this run

# --- manners ---

USER_AGENT = "dw-archiver/1.0 (news archiver; Scrapy)"  # Scrapy's names Scrapy; CONTACT is added to it
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
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # CachingThreadedResolver knows no IPv6

# --- the way through ---

DOWNLOADER = "crawler.crawl.downloader.ExactDownloader"  # Scrapy's begins more at once than a slot allows
SCHEDULER = "crawler.crawl.scheduler.ArchiveScheduler"  # the archive is the queue
DUPEFILTER_CLASS = "crawler.crawl.dupefilter.IndexDupeFilter"  # asks the index; RFPDupeFilter keeps every fingerprint in memory
# Of what Scrapy brings only what is used is loaded: each part costs time for every request and every start, and what a later
# Scrapy adds is not switched on by itself. Left out, beside what is replaced here: cookies, HTTP authentication, refreshes that
# a page asks for, HTTP cache, Referer, feed exports, telnet, remote control, handlers of file:, ftp:, s3: and data:.
DOWNLOAD_HANDLERS_BASE = dict.fromkeys(("http", "https"), "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler")
DOWNLOADER_MIDDLEWARES_BASE = {
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": 750,
}
DOWNLOADER_MIDDLEWARES = {
    "crawler.crawl.middlewares.targets.AllowedTargetsMiddleware": 10,  # stricter than Scrapy's OffsiteMiddleware
    "crawler.crawl.middlewares.robots.RobotsMiddleware": 100,
    "crawler.crawl.middlewares.patience.PatienceMiddleware": 560,
    "crawler.crawl.middlewares.compression.CompressionMiddleware": 590,
    "crawler.crawl.middlewares.redirects.RedirectsMiddleware": 600,
    "crawler.crawl.middlewares.redirects.AliasMiddleware": 610,
}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}  # hops are counted in the index; the spider judges every status itself
ITEM_PIPELINES = {
    "crawler.crawl.pipelines.omissions.OmissionsPipeline": 100,
    "crawler.crawl.pipelines.compare.ComparePipeline": 200,
    "crawler.crawl.pipelines.pictures.PicturesPipeline": 300,
    "crawler.crawl.pipelines.archive.ArchivePipeline": 400,
    "crawler.crawl.pipelines.media.MediaPipeline": 500,
}
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.throttle.AutoThrottle": 0,
}
EXTENSIONS = {
    "crawler.crawl.extensions.archive.ArchiveExtension": 0,  # makes the run that the others are given
    "crawler.crawl.extensions.progress.ProgressExtension": 1,  # says more than Scrapy's LogStats
    "crawler.crawl.extensions.politeness.PolitenessExtension": 900,  # after AutoThrottle
    "crawler.crawl.extensions.timeouts.TimeoutsExtension": 905,
}
CONCURRENT_ITEMS = 1  # 100 makes a hundred tasks for every response, and each of ours has one item

# --- what is shown ---

LOG_LEVEL = "INFO"  # DEBUG
LOG_FORMATTER = "crawler.crawl.logformatter.QuietLogFormatter"  # never an item's content
STATS_DUMP = False  # True; the run report has them
LOG_VERSIONS: list[str] = []

"""Settings of a crawl into an archive: `custom_settings` of the spider `dw`.

Other spiders, `scrapy shell` and `scrapy fetch` use Scrapy's own components, and create no archive. Of Scrapy's components,
only those that are used are loaded, because each one costs time for every request and every start; so additions of a later
Scrapy are not active by themselves. Left out, besides what is replaced here: cookies, HTTP authentication, meta refreshes,
the HTTP cache, Referer, telnet, remote control, handlers of file:, ftp:, s3: and data:.
"""

from __future__ import annotations

from typing import Any

ENABLED = "ARCHIVE_ENABLED"
"""Setting: whether a crawl stores into an archive. The commands `parse`, `fetch`, `view` and `shell` set it to False."""

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
    "crawler.crawl.extensions.archive.ArchiveExtension": 0,  # makes the run that the others use
    "crawler.crawl.extensions.progress.ProgressExtension": 1,  # says more than Scrapy's LogStats
    "crawler.crawl.extensions.feed.DocumentFeed": 2,  # does nothing without FEEDS, -o or -O
    "crawler.crawl.extensions.politeness.PolitenessExtension": 900,  # after AutoThrottle
    "crawler.crawl.extensions.timeouts.TimeoutsExtension": 905,
}

SETTINGS: dict[str, Any] = {
    ENABLED: True,
    "DOWNLOADER": "crawler.crawl.downloader.ExactDownloader",  # Scrapy's starts more at once than a slot allows
    "SCHEDULER": "crawler.crawl.scheduler.ArchiveScheduler",  # the archive is the queue
    "DUPEFILTER_CLASS": "crawler.crawl.dupefilter.IndexDupeFilter",  # RFPDupeFilter keeps every fingerprint in memory
    "DOWNLOADER_MIDDLEWARES_BASE": DOWNLOADER_MIDDLEWARES_BASE,
    "DOWNLOADER_MIDDLEWARES": DOWNLOADER_MIDDLEWARES,
    "SPIDER_MIDDLEWARES_BASE": {},  # hops are counted in the index; the spider judges every status itself
    "ITEM_PIPELINES": ITEM_PIPELINES,
    "EXTENSIONS_BASE": EXTENSIONS_BASE,
    "EXTENSIONS": EXTENSIONS,
    "CONCURRENT_ITEMS": 1,  # 100 makes a hundred tasks for every response, and each of ours has one item
    "LOG_FORMATTER": "crawler.crawl.logformatter.QuietLogFormatter",  # never an item's content
    "FEED_EXPORTERS": {  # {}; Scrapy's write what is nested as Python does, and control characters into XML
        "csv": "crawler.crawl.feeds.CsvExporter",
        "xml": "crawler.crawl.feeds.XmlExporter",
    },
    "STATS_DUMP": False,  # True; the run report has them
}

MEANINGLESS = {
    "JOBDIR": "the archive itself remembers what is to be requested",
    "HTTPCACHE_ENABLED": "the archive keeps every reply that became a document",
    "DEPTH_LIMIT": "`-a depth=...` says how many references to follow",
}
"""Settings of Scrapy's that have no effect on a crawl for an archive, and what takes their place."""

"""The contestants: their commands, what each stores, and how they differ."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import HERE, kept, peers
from benchmarks.site import STATIC, WWW, Site
from crawler.storage import layout

CONCURRENCY = 16
SLOW_ARTICLES = 200
JOBS = HERE / "jobs"


@dataclass(frozen=True)
class Contestant:
    """A tool to compare, and how to run it.

    command: makes a command line from a site and the folder for the result, which is the current one. keeps: what a user has
    afterwards. note: how it differs from the others. count: returns the number of distinct articles in the folder; None if it
    keeps none. articles: the most to fetch in a run, 0 for all. pictures: whether it fetches them. bookkeeping: prefixes of
    paths without content. programs: (name, Debian package).
    """

    key: str
    name: str
    command: Callable[[Site, Path], list[str]]
    keeps: str = "nothing"
    note: str = ""
    environment: peers.Environment = peers.PROJECT
    count: Callable[[Path], int] | None = None
    articles: int = 0
    pictures: bool = True
    bookkeeping: tuple[str, ...] = ()
    programs: tuple[tuple[str, str], ...] = ()

    @property
    def is_keeping(self) -> bool:
        return self.keeps != "nothing"

    def look(self, folder: Path, site: Site) -> kept.Kept:
        """Examine the files of a run in a folder."""
        served = site.digests() if self.pictures else frozenset()
        found = kept.look(folder, served, self.bookkeeping)
        return dataclasses.replace(found, articles=self.count(folder) if self.count else 0)


def settings(**values: object) -> list[str]:
    """Return Scrapy settings as arguments; no delay, no throttle, 16 connections."""
    values = {"CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY, "LOG_LEVEL": "INFO", **values}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return [part for name, value in texts.items() for part in ("-s", f"{name}={value}")]


_OFF = {
    "DOWNLOADER_MIDDLEWARES": [
        "offsite.OffsiteMiddleware", "robotstxt.RobotsTxtMiddleware", "httpauth.HttpAuthMiddleware",
        "downloadtimeout.DownloadTimeoutMiddleware", "defaultheaders.DefaultHeadersMiddleware", "useragent.UserAgentMiddleware",
        "retry.RetryMiddleware", "redirect.MetaRefreshMiddleware", "httpcompression.HttpCompressionMiddleware",
        "redirect.RedirectMiddleware", "cookies.CookiesMiddleware", "httpproxy.HttpProxyMiddleware", "stats.DownloaderStats",
        "httpcache.HttpCacheMiddleware",
    ],
    "SPIDER_MIDDLEWARES": [
        "start.StartSpiderMiddleware", "httperror.HttpErrorMiddleware", "referer.RefererMiddleware",
        "urllength.UrlLengthMiddleware", "depth.DepthMiddleware", "metacopy.MetaCopyDetectionMiddleware",
    ],
    "EXTENSIONS": [
        "corestats.CoreStats", "logcount.LogCount", "telnet.TelnetConsole", "memusage.MemoryUsage",
        "memdebug.MemoryDebugger", "closespider.CloseSpider", "feedexport.FeedExporter", "logstats.LogStats",
        "spiderstate.SpiderState", "throttle.AutoThrottle", "remote_control.RemoteControl",
    ],
}  # fmt: skip
_PLACES = {"DOWNLOADER_MIDDLEWARES": "downloadermiddlewares", "SPIDER_MIDDLEWARES": "spidermiddlewares",
           "EXTENSIONS": "extensions"}  # fmt: skip
LEAN: dict[str, object] = {
    **{setting: {f"scrapy.{_PLACES[setting]}.{name}": None for name in names} for setting, names in _OFF.items()},
    "CONCURRENT_ITEMS": 1,
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
    "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
    "LOG_LEVEL": "ERROR",
}
"""The leanest Scrapy that we found with the default download handler: everything is off that a crawl can run without."""

_AIOHTTP = {
    "DOWNLOAD_HANDLERS": {"http": "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"},
    "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
}


def _scrapy(spider: str, environment: peers.Environment, *more: str) -> list[str]:
    return [peers.python_of(environment), "-m", "scrapy", "runspider", str(JOBS / f"{spider}.py"), *more]


def _bare(site: Site, *more: str) -> list[str]:
    return _scrapy("bare", peers.PROJECT, "-a", f"requests={site.requests}", *more)


def _files(site: Site, folder: Path, *more: str) -> list[str]:
    arguments = ("-a", f"requests={site.replies}", "-a", f"static={STATIC}", "-s", f"FILES_STORE={folder / 'files'}")
    return _scrapy("files", peers.PROJECT, *arguments, *more)


def crawl(*arguments: str) -> list[str]:
    """Return the command for `scrapy crawl dw` of this checkout from any folder; `measure` hides the project from Scrapy."""
    begin = f"import os, sys; sys.path.insert(0, {str(HERE.parent)!r}); "
    begin += "os.environ['SCRAPY_SETTINGS_MODULE'] = 'crawler.settings'; from scrapy.cmdline import execute; execute()"
    return [peers.python_of(peers.PROJECT), "-c", begin, "crawl", "dw", *arguments]


def _project(site: Site, folder: Path, **more: object) -> list[str]:
    """Return the command that a user runs, without the delay."""
    values: dict[str, object] = {"ARCHIVE_DIR": str(folder / "archive"), "ARCHIVE_MIN_FREE": 0, "DOWNLOAD_DELAY": 0,
                                 "AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_SLOTS": {}, **more}  # fmt: skip
    return crawl("-a", f"seeds={site.seeds}", *settings(**values), *site.settings)


def _project_articles(folder: Path) -> int:
    archive = folder / "archive"
    names = (str(path.relative_to(archive)) for path in archive.rglob("*.txt"))
    return kept.different(filter(layout.is_document, names))


def _webarchive(site: Site, folder: Path) -> list[str]:
    more = settings(SW_EXPORT_URI=f"{folder}/", ROBOTSTXT_OBEY=False)
    return _scrapy("webarchive", peers.WEBARCHIVE, "-a", f"requests={site.requests}", *more)


def _news_please(site: Site, folder: Path) -> list[str]:
    """Return the command with its own configuration, except for the folder and 16 connections."""
    source = next(peers.NEWS_PLEASE.folder.glob("lib/python*/site-packages/newsplease/config/config.cfg"))
    text = source.read_text().replace("working_path = ~/news-please-repo/", f"working_path = {folder}/")
    text = text.replace("CONCURRENT_REQUESTS_PER_DOMAIN=4", f"CONCURRENT_REQUESTS_PER_DOMAIN={CONCURRENCY}")
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "config" / "config.cfg").write_text(text)
    sites = {"base_urls": [{"url": site.pages.read_text().split(), "crawler": "Download"}]}
    (folder / "config" / "sitelist.hjson").write_text(json.dumps(sites))
    return [str(Path(peers.NEWS_PLEASE.python).with_name("news-please")), "-c", f"{folder}/config/"]


def _fundus(site: Site, folder: Path) -> list[str]:
    return [peers.FUNDUS.python, str(JOBS / "fundus_job.py"), WWW, str(site.articles), str(folder / "articles.json")]


def _fundus_articles(folder: Path) -> int:
    try:
        return sum(len(found) for found in json.loads((folder / "articles.json").read_bytes()).values())
    except (OSError, ValueError):
        return 0


def _trafilatura(site: Site, folder: Path) -> list[str]:
    return [peers.TRAFILATURA.python, str(JOBS / "trafilatura_job.py"), str(site.page_files), str(folder)]


def _wget(site: Site, folder: Path) -> list[str]:
    more = ["--delete-after", "--directory-prefix", str(folder / "passing"), "--input-file", str(site.page_requests)]
    return ["wget", "--quiet", f"--warc-file={folder / 'site'}", *more]


def _wget2(site: Site, folder: Path) -> list[str]:
    more = ["--force-directories", "--directory-prefix", str(folder), f"--max-threads={CONCURRENCY}", "--no-robots"]
    return ["wget2", "--quiet", *more, "--input-file", str(site.page_requests)]


def _files_named(pattern: str) -> Callable[[Path], int]:
    return lambda folder: kept.different(path.name for path in folder.rglob(pattern) if path.is_file())


_OF_PROJECT = ("archive/runs/", "archive/index.sqlite", "archive/.lock")

ALL = (
    Contestant(
        "bare", "bare Scrapy, default settings", lambda site, folder: _bare(site, *settings()),
        note="the ceiling of the framework as it comes: every reply is dropped, no robots.txt",
    ),
    Contestant(
        "dw", "**this project**, full job", lambda site, folder: _project(site, folder, HTTP_CLIENT="aiohttp"),
        "documents, replies, pictures, log, index; durable",
        "reads robots.txt and refuses foreign hosts; every file written beside, flushed, renamed, logged",
        count=_project_articles, bookkeeping=_OF_PROJECT,
    ),
    Contestant(
        "dw-twisted", "**this project**, Twisted's client", lambda site, folder: _project(site, folder, HTTP_CLIENT="twisted"),
        "documents, replies, pictures, log, index; durable",
        "the same job where uvloop is not installed, so without aiohttp", count=_project_articles, bookkeeping=_OF_PROJECT,
    ),
    Contestant(
        "lean", "leanest Scrapy", lambda site, folder: _bare(site, *settings(**LEAN)),
        note="no retries, no timeouts, no redirects, no decompression, no duplicate filter, no statistics, no log",
    ),
    Contestant(
        "aiohttp", "leanest Scrapy, aiohttp handler and uvloop",
        lambda site, folder: _bare(site, *settings(**LEAN, **_AIOHTTP)),
        note="Scrapy's own aiohttp handler, which calls itself experimental; else as the row above",
    ),
    Contestant(
        "files", "bare Scrapy + FilesPipeline", lambda site, folder: _files(site, folder, *settings()),
        "pictures", "no article is kept; nothing is flushed",
    ),
    Contestant(
        "files-lean", "bare Scrapy + FilesPipeline, CONCURRENT_ITEMS=2",
        lambda site, folder: _files(site, folder, *settings(CONCURRENT_ITEMS=2)),
        "pictures", "no article is kept; nothing is flushed",
    ),
    Contestant(
        "webarchive", "scrapy-webarchive 0.5.3", _webarchive, "replies and pictures in a WACZ file",
        "Scrapy 2.11; nothing is read out of the replies; the file is made at the end", peers.WEBARCHIVE, kept.warc_articles,
    ),
    Contestant(
        "wget", "wget, --warc-file", _wget, "pages and pictures in a WARC file",
        "one connection; told every address, pictures too; nothing is read out of the pages", count=kept.warc_articles,
        programs=(("wget", "wget"),),
    ),
    Contestant(
        "wget2", "wget2", _wget2, "pages and pictures as files",
        "told every address, pictures too; no WARC; nothing is read out of the pages; robots.txt not asked for",
        count=_files_named("a-*"), programs=(("wget2", "wget2"),),
    ),
    Contestant(
        "news-please", "news-please 1.6.16", _news_please, "pages and JSON", f"{SLOW_ARTICLES} articles, as it is slow; no "
        "pictures; told every address (Download), since its sitemap crawler filters out hosts with a port; its start counts",
        peers.NEWS_PLEASE, _files_named("*.html.json"), SLOW_ARTICLES, pictures=False,
        bookkeeping=("config/", ".resume_jobdir/"),
    ),
    Contestant(
        "fundus", "fundus 0.5.7", _fundus, "JSON", f"{SLOW_ARTICLES} articles, as it is slow; no pictures, no page kept; "
        "from sitemaps; one connection a publisher by design; the file is made at the end", peers.FUNDUS, _fundus_articles,
        SLOW_ARTICLES, pictures=False,
    ),
    Contestant(
        "trafilatura", "trafilatura 2.3.1, extraction alone", _trafilatura, "XML",
        "reads pages from disk: no network, no pictures; one process", peers.TRAFILATURA, _files_named("*.xml"), pictures=False,
    ),
)  # fmt: skip

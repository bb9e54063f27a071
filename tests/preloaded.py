"""Import everything that a crawl imports, so that forks of this process need not, which saves a second each.

The reactor is left out: it does not survive a fork. Forks do not flush what they write.
"""

from __future__ import annotations

import importlib
import sys

from scrapy.settings import default_settings
from scrapy.utils.misc import walk_modules_iter

from tests.unflushed import flush_nothing

_COMPONENTS = [
    *default_settings.EXTENSIONS_BASE, *default_settings.DOWNLOAD_HANDLERS_BASE.values(),
    *default_settings.DOWNLOADER_MIDDLEWARES_BASE, *default_settings.SPIDER_MIDDLEWARES_BASE,
]  # fmt: skip
_MODULES = [component.rpartition(".")[0] for component in _COMPONENTS]
for _module in (*_MODULES, "profile", "protego", "scrapy.cmdline", "scrapy.pqueues", "scrapy.robotstxt", "scrapy.squeues"):
    importlib.import_module(_module)
for _package in ("scrapy.commands", "crawler"):
    list(walk_modules_iter(_package))
assert "twisted.internet.reactor" not in sys.modules
flush_nothing()

"""What a run was asked for, by settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.urls import Sites

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


def sites_of(settings: BaseSettings) -> Sites:
    """Where DW is, by the settings DW_API_URL, DW_STATIC_URL, DW_WWW_URL, DW_RSS_URL, MEDIA_HOSTS, DW_MEDIA_URL."""
    names = ("DW_API_URL", "DW_STATIC_URL", "DW_WWW_URL", "DW_RSS_URL")
    hosts = frozenset(host.strip().lower() for host in settings.getlist("MEDIA_HOSTS"))
    sites = Sites(*(settings[name].rstrip("/") for name in names))
    return replace(sites, media_hosts=hosts, media=settings["DW_MEDIA_URL"].rstrip("/"))

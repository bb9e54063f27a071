"""Names of languages, kinds and times for people, and the direction in which a language is written."""

from __future__ import annotations

from typing import NamedTuple

from crawler import times
from crawler.urls import UNKNOWN_LANGUAGE

RIGHT_TO_LEFT = frozenset({"ar", "fa-af", "fa-ir", "ps", "ur"})

_LANGUAGES = {
    "am": ("አማርኛ", "Amharic"), "ar": ("العربية", "Arabic"), "bg": ("Български", "Bulgarian"), "bn": ("বাংলা", "Bengali"),
    "bs": ("Bosanski", "Bosnian"), "de": ("Deutsch", "German"), "el": ("Ελληνικά", "Greek"), "en": ("English", "English"),
    "es": ("Español", "Spanish"), "fa-af": ("دری", "Dari"), "fa-ir": ("فارسی", "Persian"), "fr": ("Français", "French"),
    "ha": ("Hausa", "Hausa"), "hi": ("हिन्दी", "Hindi"), "hr": ("Hrvatski", "Croatian"), "id": ("Indonesia", "Indonesian"),
    "mk": ("Македонски", "Macedonian"), "pl": ("Polski", "Polish"), "ps": ("پښتو", "Pashto"),
    "pt-002": ("Português para África", "Portuguese for Africa"), "pt-br": ("Português do Brasil", "Portuguese for Brazil"),
    "ro": ("Română", "Romanian"), "ru": ("Русский", "Russian"), "sq": ("Shqip", "Albanian"), "sr": ("Srpski", "Serbian"),
    "sw": ("Kiswahili", "Swahili"), "tr": ("Türkçe", "Turkish"), "uk": ("Українська", "Ukrainian"), "ur": ("اردو", "Urdu"),
    "zh": ("中文", "Chinese"), "zh-hant": ("繁體中文", "Traditional Chinese"),
    UNKNOWN_LANGUAGE: ("Unknown language", "Unknown language"),
}  # fmt: skip
_TAGS = {"fa-af": "fa-AF", "fa-ir": "fa-IR", "pt-br": "pt-BR", "zh-hant": "zh-Hant"}
"""Language tags (BCP 47) that are not the language path itself."""

_KINDS = {"article": "Article", "gallery": "Pictures", "video": "Video", "audio": "Audio", "liveblog": "Live blog"}
_MONTHS = "January February March April May June July August September October November December".split()


class Language(NamedTuple):
    """A language edition. path: as on www.dw.com. name: in the language itself; english: in English. tag: for the attribute
    `lang`. direction: for `dir`."""

    path: str
    name: str
    english: str
    tag: str
    direction: str


def language(path: str) -> Language:
    """Return the language of a path. An unknown path is used as its name."""
    name, english = _LANGUAGES.get(path, (path, path))
    return Language(path, name, english, _TAGS.get(path, path), "rtl" if path in RIGHT_TO_LEFT else "ltr")


def kind(name: str) -> str:
    """Return the word for a kind of document."""
    return _KINDS.get(name, name)


def day(moment_ms: int) -> str:
    """Return a day for a person, UTC.

    >>> day(1_780_272_000_000)
    '1 June 2026'
    """
    moment = times.moment(moment_ms)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def minute(moment_ms: int) -> str:
    """Return a time for a person.

    >>> minute(1_780_272_000_000)
    '1 June 2026, 00:00 UTC'
    """
    return f"{day(moment_ms)}, {times.moment(moment_ms):%H:%M} UTC"


def month(year: str, number: str) -> str:
    """Return a month for a person.

    >>> month("2026", "06")
    'June 2026'
    """
    return f"{month_name(number)} {int(year)}"


def month_name(number: str) -> str:
    """Return the name of a month, given as two digits."""
    place = int(number)
    return _MONTHS[place - 1] if 1 <= place <= 12 else number

"""Name the ids of the contents of the stand-in, so that tests are easy to read.

All of them are invented. Articles that are named after a quirk are one hop away from SEED_QUIRKS.
"""

from __future__ import annotations

# Articles in several languages and scripts.
SEED_ZH = 70100001  # simplified Chinese; refers to the next two, to a video, a gallery and a missing article
TRADITIONAL = 70100002  # traditional Chinese in the same edition
GERMAN = 70100003
ENGLISH = 70100004  # refers to the five that follow, one of them by a span
ARABIC = 70100005
AMHARIC = 70100006
PERSIAN = 70100007
HINDI = 70100008
BENGALI = 70100009

# Each refers to the next only: CHAIN[4] is four hops away from CHAIN[0].
CHAIN = (70100010, 70100011, 70100012, 70100013, 70100014)

RUSSIAN = 70100015
SPANISH = 70100016
TURKISH = 70100017  # languageId unknown to the project's table, as for Amharic and Hindi
EMOJI = 70100018  # emoji and other characters beyond 16 bits
PORTUGUESE = 70100019

# 0 -> 1 -> 2 -> 0, and 1 -> 1.
CYCLE = (70100020, 70100021, 70100022)

# Headlines.
TITLE_QUESTION = 70100023
TITLE_HASH = 70100024
TITLE_PERCENT = 70100025
TITLE_SLASHES = 70100026
TITLE_BRACKETS = 70100027
TITLE_QUOTES = 70100028
TITLE_SPACES = 70100029
TITLE_NFD = 70100030
TITLE_LONG = 70100031
TITLE_SIGNS = 70100032

# Names.
NAMES_OBJECTS = 70100033  # persons as {firstName, lastName}, one first name null
NAMES_STRINGS = 70100034  # persons as strings, with double and leading spaces and a "null" in one
NAMES_NAMED = 70100035  # authors as {name}
AUTHOR_STRING = 70100036
NO_AUTHOR = 70100037

# Bodies.
NO_DATE = 70100038
UNKNOWN_ELEMENT = 70100039
EMPTY_PARAGRAPHS = 70100040  # "&nbsp;" and "", pictures without caption
OLD_PICTURES = 70100041  # only _4, _7, _103, or _401 to _404
PLACEHOLDERS = 70100042  # picture id -1 with .gif, an Image element with nothing in it
PICTURE_TYPES = 70100043  # jpg, jpeg, png, gif, webp; a lost, a moved picture
SHARED_PICTURE = 70100044  # shows the main picture of SEED_ZH, twice
LINKS = 70100045  # ExternalRef, AUTO_TOPIC, cms.dw.com, no rel, /../, file:, other hosts posing as DW's
UNSAFE = 70100046  # script, event handlers, javascript:, iframe in paragraphs
YOUTUBE = 70100047
BARE = 70100048  # type, id, name, body and nothing else
UNKNOWN_LANGUAGE = 70100049  # languageId 999
LONG_TEXT = 70100050  # 400 paragraphs
BODY_GALLERY = 70100051  # two galleries: one with `images`, one with `items`
BODY_VIDEO = 70100052
TEXT_ONLY = 70100053  # no body, the text as HTML
SEED_QUIRKS = 70100054

# Not articles, but linked like articles.
ALIAS_REDIRECT = 70100061  # answers 302 to ALIAS_REDIRECT_TO
ALIAS_REDIRECT_TO = GERMAN
ALIAS_DIRECT = 70100062  # answers 200 with the article ALIAS_DIRECT_TO
ALIAS_DIRECT_TO = ENGLISH
MISSING = 70100063  # 404
GONE = 70100064  # 410
UNREADABLE = 70100065  # 200 with neither name nor body; nothing refers to it
VIDEO_BY_REFERENCE = 70100071  # 404 at detail/article, answers at detail/video
GALLERY_BY_REFERENCE = 70100072  # detail/article answers with type Gallery

VIDEO = 70100073
VIDEO_HLS_ONLY = 70100074  # no mp4 among its sources, preview picture without id
AUDIO = 70100075
GALLERY = 70100076  # slides under `items` at the top, type ImageGallery
LIVEBLOG = 70100077
LIVEBLOG_FEED_ONLY = 70100078  # reached by the English feed only

# Pictures.
SEED_ZH_PICTURE = 71000001
LOST_PICTURE = 71000404  # 404 in every size
MOVED_PICTURE = 71000302  # 302 to its new address
SHARED_PICTURE_ID = SEED_ZH_PICTURE

FIRST_SYNTHETIC = 80000001
FIRST_SYNTHETIC_PICTURE = 85000001
FIRST_MEDIA = 90000001  # generated videos, audios, galleries in turn
FIRST_MEDIA_PICTURE = 95000001  # two for each

TOPIC = 70200001
SECTION = 70200002

SEEDS = (SEED_ZH, ENGLISH, SEED_QUIRKS, CHAIN[0], CYCLE[0])

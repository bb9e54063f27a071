"""An archive for pages: documents of every kind in several scripts, with drawn pictures. The words are invented."""

# ruff: noqa: E501  - words of other scripts are wider than they look
from __future__ import annotations

import struct
import zlib
from pathlib import Path

from crawler import times
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.logline import About
from crawler.storage.writer import NewFile
from crawler.urls import PictureName, document_url
from tests.helpers_commands import NOW_MS, archive_of, store

DAY_MS = 86_400_000
SCRIPT_WORD = "<script>alert(1)</script>"

ENGLISH, VIDEO, GALLERY, ARABIC, CHINESE, GERMAN, HINDI, RUSSIAN, URDU, TAIWAN, HOSTILE, AUDIO, LOOSE = range(70000001, 70000014)
OUTSIDE = 61999999  # an article the archive does not have
MISSING_PICTURE = 63000099
MP4 = "https://tvdownloaddw-a.akamaihd.net/kites.mp4"
MP3 = "https://radiodownloaddw-a.akamaihd.net/tides.mp3"


def drawing(seed: int, width: int = 480, height: int = 270) -> bytes:
    """Return a landscape as a PNG: hills below an evening sky."""
    skies = [((250, 214, 165), (108, 142, 173)), ((255, 190, 150), (92, 78, 120)), ((222, 236, 244), (98, 150, 190))]
    low, high = skies[seed % len(skies)]
    hills = [(0.55, 23 + seed * 7 % 17, (86, 110, 112)), (0.68, 41 + seed * 5 % 13, (60, 84, 82)), (0.82, 67, (36, 56, 54))]
    rows = []
    for y in range(height):
        sky = bytes(round(b + (a - b) * y / height) for a, b in zip(low, high, strict=True))
        row = bytearray(sky * width)
        for place, (level, wave, colour) in enumerate(hills):
            for x in range(width):
                edge = level * height + (abs((x * (place + 2) + seed * 53) % (4 * wave) - 2 * wave) - wave) * 0.45
                if y >= edge:
                    row[3 * x : 3 * x + 3] = bytes(colour)
        rows.append(b"\0" + bytes(row))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def tone() -> bytes:
    """Return a WAV of a tenth of a second; players play it under any file name."""
    samples = b"".join(struct.pack("<h", round(6000 * ((n * 440 // 8000) % 2 * 2 - 1))) for n in range(800))
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data",
                       len(samples))  # fmt: skip
    return head + samples


def picture(dw_id: int, caption: str = "") -> str:
    address = f"https://images.weserv.nl/?url=static.dw.com/image/{dw_id}_303.png"
    return f'<img src="{address}" width="100%"><div><small style="color: #999;">{caption}</small></div>'


def slide(dw_id: int, title: str, text: str, after_image: str = "") -> str:
    address = f"https://images.weserv.nl/?url=static.dw.com/image/{dw_id}_303.png"
    return f'<div><img src="{address}" width="100%">{after_image}<b>{title}</b>：{text}</div>'


def reference(dw_id: int, words: str) -> str:
    return f'<a rel="ArticleRef" href="https://api.dw.com/api/detail/article/{dw_id}">{words}</a>'


def document(dw_id: int, language: str, title: str, body: str, *, author: str = "", days: float = 0, later_ms: int = 0,
             date: bool = True) -> SeedDocument:  # fmt: skip
    """Return a document published some days ago and fetched an hour after that, plus a delay."""
    published_ms = NOW_MS - round(days * DAY_MS)
    iso = times.iso(published_ms).replace("Z", ".000Z")
    head = f"<div><i>{author}<br>{iso}</i></div>" if date else ""
    return SeedDocument(published_ms + 3_600_000 + later_ms, title, document_url(language, title, dw_id), head + body)


YOUTUBE = ('<iframe width="100%" height="259" src="https://www.youtube.com/embed/aB3_x-9?wmode=transparent" frameborder="0" '
           'allowfullscreen=""> </iframe>')  # fmt: skip


def _english(changed: bool) -> SeedDocument:
    bridge = "the old stone bridge" if changed else "the old wooden bridge"
    count = "Nine" if changed else "Seven"
    return document(
        ENGLISH, "en", "The ferry that waits for nobody, and everybody",
        picture(63000001, "The ferry <i>Patience</i> at its evening berth, a little upstream of the bridge")
        + f"<p>Every evening at six, a small ferry leaves the quay below {bridge} and crosses the river to a village that has no "
        "other way home. It has done so for a hundred and four years. It has been late twice.</p>"
        f"<p>{count} people know how to steer it. The youngest of them, a baker’s apprentice, learned it from her grandmother, who "
        f"learned it from a man who wrote {reference(CHINESE, 'a song about lanterns')} and never left the valley.</p>"
        "<p><strong>A timetable of one line</strong></p>"
        f"<p>“People ask why we do not build another bridge,” says the ferrywoman. “But a bridge does not know your name.” The "
        f"{reference(OUTSIDE, 'plans from the sixties')} are still in a drawer of the town hall, next to "
        '<a rel="ExternalRef" href="https://rivers.example/tables?year=1963&amp;unit=m">the water tables</a> of the same year.</p>'
        + picture(63000002, "From the wheelhouse the hills look like a second river")
        + "<blockquote>The river is wide where people are shy, and narrow where they sing.</blockquote>"
        f"<p>When the fog comes, somebody on the far shore rings a bell. Nobody is paid for it. More about this in "
        f"{reference(VIDEO, 'our film')}, and in {reference(ARABIC, 'a report from the coast')}.</p>"
        + YOUTUBE
        + picture(MISSING_PICTURE, "The bell, before it was painted green")
        + ("<p>On Sunday the ferry was repainted. It is still grey.</p>" if changed else ""),
        author="Wren Hollow, Ada Marsh", days=0.4, later_ms=7_200_000 if changed else 0,
    )  # fmt: skip


ENGLISH_BEFORE, ENGLISH_NOW = _english(False), _english(True)

OTHERS = (
    document(VIDEO, "en", "Kites over the harbour", "<p>Forty kites, one string each, and a very patient wind.</small></p>"
             f'<video src="{MP4}" controls style="width:100%"></video>', days=0.5, date=False),
    document(AUDIO, "en", "Listening to the tides", "<p>A morning of low water, recorded from a chair.</small></p>"
             f'<audio src="{MP3}" controls style="width:100%"></audio>', days=3, date=False),
    document(GALLERY, "en", "Five roofs and the weather on them",
             slide(63000003, "Slate", "It rains, and the roof says nothing.", "<br>")
             + slide(63000004, "Straw", "Warm until somebody sneezes.", "<br>")
             + slide(63000005, "", "A roof without a name, seen from a roof that has one.", "<br>"), days=1.1, date=False),
    document(ARABIC, "ar", "بلدة على البحر تزرع الأشجار في القوارب القديمة",
             picture(63000006, "الميناء القديم عند الغروب، وخلفه التلال")
             + "<p>في بلدة صغيرة على البحر صار كل قارب قديم حديقة. تقول السيدة التي بدأت الفكرة إن الشجرة الأولى كانت شجرة ليمون، "
             "وإن أحدا لم يسألها لماذا. بعد عام واحد كان على الشاطئ 27 قاربا مزروعا.</p>"
             f"<p>وقد كتب عنها {reference(ENGLISH, 'زوار من النهر')} قبل عام، ثم {reference(OUTSIDE, 'صحيفة القرية')}.</p>"
             "<p><strong>ماء البئر لا يكفي</strong></p><p>يحمل الأطفال الماء في دلاء زرقاء، ويعدون الخطوات: 112 خطوة من البئر إلى "
             "أول قارب. ومن يصل بلا أن يسكب قطرة واحدة يختار اسم الشجرة التالية.</p>", author="سلمى النجار", days=0.6),
    document(CHINESE, "zh", "河边的灯笼：一首没有人写下来的歌",
             picture(63000007, "灯笼节的晚上，河面上看得见两个月亮")
             + "<p>这首歌有四十段，村里没有一个人会唱全部。每家人记得自己的那一段，所以要听完整首歌，就得走遍整个村子。</p>"
             f"<p>今年春天，一位老师把它们一段一段录了下来。她说：“录音机记得住声音，记不住是谁家的灯。”{reference(ENGLISH, '河上的渡船')}"
             "每天傍晚六点开，船上的人也会唱两段。</p><p><strong>第四十一段</strong></p>"
             "<p>去年有人写了新的一段。大家商量了三个晚上，决定明年再决定。</p>"
             f"<h3>相关图集：村子里的门</h3>{slide(63000008, '蓝色的门', '从来不锁。')}{slide(63000003, '木门', '只在下雨的时候关。')}",
             author="林小舟", days=0.8),
    document(TAIWAN, "zh-hant", "山上的圖書館只有一本書", picture(63000008, "圖書館的窗")
             + "<p>那本書很厚，每個來的人都在裡面寫一頁。管理員說，再過十年就要蓋第二層樓了。</p>", author="陳曉雨", days=1.3),
    document(GERMAN, "de", "Straßenbahn statt Stau: Ein Städtchen übt Geduld", picture(63000005, "Haltestelle Mühlgasse, kurz vor acht")
             + "<p>Die Bahn fährt alle zwanzig Minuten, und wer sie verpasst, wartet im Wintergarten der Bäckerei. Seither heißt "
             "Zuspätkommen hier Frühstück.</p><ul><li>Linie 1: Markt, Mühle, Wald</li><li>Linie 2: Wald, Mühle, Markt</li></ul>",
             author="Jonas Übelacker", days=1.2),
    document(HINDI, "hi", "पहाड़ों का स्कूल बारिश में भी खुला रहता है", picture(63000002, "सुबह की घंटी से पहले")
             + "<p>जब बारिश होती है, तब बच्चे छत की आवाज़ से गिनती सीखते हैं। शिक्षिका कहती हैं कि इससे अच्छा ढोल किसी के पास नहीं है।</p>",
             author="मीरा जोशी", days=2),
    document(RUSSIAN, "ru", "Маяк, который светит в сторону леса", picture(63000001, "Лес начинается сразу за маяком")
             + "<p>Смотритель говорит, что корабли и так знают дорогу, а вот грибники теряются каждый год.</p>",
             author="Нина Полевая", days=2.2),
    document(URDU, "ur", "ندی کے کنارے کتابوں کی کشتی", picture(63000004, "کشتی ہر جمعے کو آتی ہے")
             + "<p>اس کشتی میں کتابیں ہیں اور ایک چائے والا۔ بچے کہتے ہیں کہ کہانیاں پانی پر بہتر سنائی دیتی ہیں۔</p>",
             author="زہرہ ملک", days=2.4),
    document(LOOSE, "en", "A wall that learned to whistle", "<p>It stands on the hill, and it is tuned to the west wind.</p>"
             '<p>See <span data-id="70000003" data-type="ARTICLE">the roofs</span> and '
             '<a href="https://www.dw.com/de/egal/a-70000006">a tram</a>.</p>', author="Ada Marsh", days=40),
    document(HOSTILE, "en", f'{SCRIPT_WORD} "></title><img src=x onerror=alert(2)> {{{{ 7*7 }}}} ../../etc',
             picture(63000003, f'{SCRIPT_WORD}"><img src=x onerror=alert(3)>')
             + f"<h3>相关图集：{SCRIPT_WORD}</h3>" + slide(63000004, SCRIPT_WORD, '"><svg onload=alert(4)>')
             + '<p onclick="alert(5)" style="position:fixed">x</p><iframe src="javascript:alert(6)"></iframe>'
             '<img src="https://evil.example/pixel.png"><img src="../../../../../etc/passwd" onerror="alert(7)">'
             '<a href="javascript:alert(8)">a</a><a href="//evil.example/">b</a><form action="https://evil.example/"><input></form>'
             '<meta http-equiv="refresh" content="0;url=https://evil.example/"><base href="https://evil.example/">'
             '<video src="https://evil.example/x.mp4" poster="https://evil.example/p.png"></video>'
             '<p>{% raw %}{{ config }}{% endraw %}</p><link rel="stylesheet" href="https://evil.example/x.css">',
             author=f"{SCRIPT_WORD}<b onmouseover=alert(9)>Mallory</b>", days=5),
)  # fmt: skip


def archive(root: Path) -> Path:
    """Make the archive of all of these, with all pictures except one, a media file, and an earlier version."""
    archive_of(root, ENGLISH_BEFORE, ENGLISH_NOW, *OTHERS)
    store(root, *(picture_file(dw_id) for dw_id in range(63000001, 63000009)), media_file(VIDEO, "mp4", MP4),
          states=(missing(MISSING_PICTURE, "404"),), now_ms=NOW_MS + 1000)  # fmt: skip
    return root


def picture_file(dw_id: int, seed: int | None = None) -> NewFile:
    name = PictureName(dw_id, "303", "png")
    url = f"https://static.dw.com/image/{name.file_name}"
    about = About("picture", dw_id, url, times.iso(NOW_MS))
    return NewFile(layout.picture_path(name), drawing(dw_id if seed is None else seed), about)


def media_file(dw_id: int, extension: str, url: str) -> NewFile:
    about = About("media", dw_id, url, times.iso(NOW_MS))
    return NewFile(layout.media_path(dw_id, extension), tone(), about)


def missing(dw_id: int, reason: str) -> dict[str, object]:
    """Return the log record of a missing picture."""
    return {"state": "missing", "kind": "picture", "id": dw_id, "format": "303.png", "reason": reason, "misses": 1,
            "url": f"https://static.dw.com/image/{dw_id}_303.png", "time": times.iso(NOW_MS)}  # fmt: skip

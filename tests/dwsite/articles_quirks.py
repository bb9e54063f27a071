# ruff: noqa: E501 - a paragraph stays in one line
"""Articles with one oddity each, in words written for this project. Each oddity is known or likely at DW."""

from __future__ import annotations

import unicodedata

from tests.dwsite import ids
from tests.dwsite.shapes import API, STATIC, Content, Json, external, gallery, heading, image, p, ref, span, video

_TITLES = {
    ids.TITLE_QUESTION: "Who moved the bridge? Nobody knows",
    ids.TITLE_HASH: "Table #7 is taken: the #quiet movement",
    ids.TITLE_PERCENT: "100% wool, 50%25 rain and %2F what",
    ids.TITLE_SLASHES: "On/off and up\\down: ../ a ladder's life /a-12345678",
    ids.TITLE_BRACKETS: "A note (unfinished] with a link](in its middle) [sic",
    ids.TITLE_QUOTES: "She said \"hush\", he said 'hm', both said «so» & <b>left</b>",
    ids.TITLE_SPACES: "  Space before, space after  \u3000 ",
    ids.TITLE_NFD: unicodedata.normalize("NFD", "Ångström, Führung, café: Zeichen in zwei Teilen"),
    ids.TITLE_LONG: "The very long way round " + "and round the duck pond " * 22 + "长" * 90,
    ids.TITLE_SIGNS: "🙂🙃 ❗❓ …",
}


def _titles() -> tuple[Content, ...]:
    return tuple(
        Content(
            dw_id,
            "en",
            title,
            (p("The headline is the odd thing about this one."), p("The rest is as plain as bread.")),
            teaser="Headlines may hold anything.",
            display_date=f"2025-12-{10 + place}T09:00:00.000Z",
            main=image(71000040 + place, "A signboard"),
        )
        for place, (dw_id, title) in enumerate(_TITLES.items())
    )


def _named(dw_id: int, name: str, keys: Json) -> Content:
    return Content(
        dw_id,
        "en",
        name,
        (p("Who wrote this? The reply says it in its own way."),),
        display_date="2025-12-24T10:00:00.000Z",
        keys=keys,
    )


_NAMES = (
    _named(
        ids.NAMES_OBJECTS,
        "Two cooks, one with half a name",
        {"persons": [{"firstName": None, "lastName": "Marigold"}, {"firstName": "Otis", "lastName": "Fern"}]},
    ),
    _named(
        ids.NAMES_STRINGS,
        "Names written in a hurry",
        {"persons": ["null Marigold", "  Otis   Fern ", "Cafe\u0301 Owner", ""]},
    ),
    _named(ids.NAMES_NAMED, "Names in a box", {"authors": [{"name": "Lena  Brook"}, {"name": None}]}),
    _named(ids.AUTHOR_STRING, "One name in one line", {"author": " Lena Brook / Otis Fern "}),
    _named(ids.NO_AUTHOR, "No name at all", {}),
)


def _old(dw_id: int, renditions: tuple[int, ...], caption: str) -> Json:
    return image(dw_id, caption, renditions=[(rendition, 340 + 100 * i, 200 + 50 * i) for i, rendition in enumerate(renditions)])


def _index_of_oddities() -> Content:
    dw_ids = (*_TITLES, *(content.id for content in (*_NAMES, *_BODIES)))
    others = (ids.ALIAS_REDIRECT, ids.ALIAS_DIRECT, ids.GONE, ids.MISSING, ids.VIDEO_BY_REFERENCE)
    scripts = (ids.RUSSIAN, ids.SPANISH, ids.TURKISH, ids.EMOJI, ids.PORTUGUESE, ids.LIVEBLOG, ids.GALLERY)
    return Content(
        ids.SEED_QUIRKS,
        "en",
        "An index of oddities",
        tuple(p(f"Oddity: {ref(dw_id, f'number {dw_id}')}.") for dw_id in (*dw_ids, *others, *scripts)),
        teaser="All the odd ones in one list.",
        display_date="2026-02-12T12:00:00.000Z",
        main=image(71000060, "A cabinet of curiosities"),
    )


_BODIES = (
    Content(
        ids.NO_DATE,
        "en",
        "Nobody knows when this was written",
        (p("There is no date on it, only a coffee ring."),),
        display_date=None,
    ),
    Content(
        ids.UNKNOWN_ELEMENT,
        "en",
        "A paragraph, a riddle and another paragraph",
        (
            p("Before the riddle."),
            {"type": "Riddle", "id": 5, "question": "What has keys but no locks?", "html": "<div>?</div>"},
            p("After the riddle."),
            {"type": "InfoGraphic", "name": "Ducks by year", "source": {"rows": [[1, 2], [3, 4]]}},
            {"kind": "no type at all"},
        ),
    ),
    Content(
        ids.EMPTY_PARAGRAPHS,
        "en",
        "Much white, little ink",
        (
            p("The first line."),
            p("&nbsp;"),
            image(71000061, ""),
            p(""),
            image(71000062, None),
            p(" \u00a0 "),
            p("The last line."),
            p("&nbsp;"),
        ),
        main=image(71000063, ""),
    ),
    Content(
        ids.OLD_PICTURES,
        "de",
        "Alte Bilder aus dem Keller",
        (
            p("Die Schachtel stand zwanzig Jahre hinter der Heizung."),
            _old(71000064, (4,), "Nur Format 4"),
            _old(71000065, (7,), "Nur das Original"),
            _old(71000066, (401, 403, 404), "Drei mittlere"),
            image(71000067, "Eine breite Ansicht", renditions=[(103, 1024, 448)]),
        ),
        main=_old(71000068, (4, 7), "Zwei zur Wahl"),
        display_date="2009-05-01T09:00:00.000Z",
    ),
    Content(
        ids.PLACEHOLDERS,
        "en",
        "Where the picture should have been",
        (
            p("The photographer was late."),
            {
                "id": -1,
                "type": "Image",
                "name": "",
                "sizes": [{"width": 700, "height": 394, "url": f"{STATIC}/image/-1_303.gif"}],
            },
            {"type": "Image"},
            {"type": "Image", "id": None, "sizes": []},
            p("So here is text."),
        ),
        main={"id": -1, "type": "Image", "name": "", "sizes": [{"width": 1, "height": 1, "url": f"{STATIC}/image/-1_4.gif"}]},
    ),
    Content(
        ids.PICTURE_TYPES,
        "en",
        "Five kinds of paint",
        (
            *(
                image(71000070 + i, f"Painted as {ending}", ending=ending)
                for i, ending in enumerate(("jpg", "jpeg", "png", "gif", "webp"))
            ),
            image(ids.LOST_PICTURE, "A picture that is lost"),
            image(ids.MOVED_PICTURE, "A picture that has moved"),
            p("A painter tried all of them."),
        ),
    ),
    Content(
        ids.SHARED_PICTURE,
        "zh",
        "同一张照片，另一个故事",
        (p("这条船我们见过。"), image(ids.SEED_ZH_PICTURE, "又是那条船。"), p("它还在同一个码头。")),
        main=image(ids.SEED_ZH_PICTURE, "船还是那条船", renditions=[(304, 940, 529), (303, 700, 394)]),
    ),
    Content(
        ids.LINKS,
        "en",
        "All roads lead somewhere",
        (
            p(
                f"Out: {external('https://example.org/a-path?q=1&amp;r=2', 'a site')}; topic: {span(ids.TOPIC, 'bread', 'AUTO_TOPIC')}."
            ),
            p(
                f'Stray: <a href="http://cms.dw.com/cms/article/{ids.GERMAN}">an editor\'s link</a>, <a href="https://example.org">no rel</a>.'
            ),
            p(
                'Traps: <a href="https://evil.example/api/detail/article/70109999" rel="ArticleRef">another host</a>, '
                '<a href="file:///etc/passwd" rel="ArticleRef">a file</a>, '
                '<a href="http://10.0.0.1/api/detail/article/70109998" rel="ArticleRef">a private address</a>, '
                '<a href="https://api.dw.com.evil.example/api/detail/article/70109997" rel="ArticleRef">a longer host</a>, '
                f'<a href="{API}/api/detail/article/../../etc/70109996" rel="ArticleRef">dots</a>, '
                f'<a href="{API}/api/detail/article/none" rel="ArticleRef">no number</a>.'
            ),
            p(
                f"Twice: {ref(ids.ENGLISH, 'one clock')} and {ref(ids.ENGLISH, 'the same clock')}; "
                f"a span {span(ids.SPANISH, 'owl')}; an empty link {ref(ids.RUSSIAN, '')}."
            ),
        ),
    ),
    Content(
        ids.UNSAFE,
        "en",
        "A letter with wires in it",
        (
            p("Before.<script>document.title = 'taken'</script> After."),
            p('<b onclick="alert(1)">Press</b> <img src="x" onerror="alert(2)"> <a href="javascript:alert(3)">here</a>'),
            p('<iframe src="https://evil.example/frame"></iframe>Framed. <a href=" JaVa&#115;cript:alert(4)">coded</a>'),
            p('<style>body{display:none}</style><svg onload="alert(5)"><circle r="1"/></svg> <object data="x"></object>'),
            p("Plain &amp; <em>harmless</em>, with <a href=\"https://example.org\" rel='ExternalRef' >odd quotes</a> kept."),
        ),
    ),
    Content(
        ids.YOUTUBE,
        "en",
        "Moving pictures from elsewhere",
        (
            p("First one."),
            {"type": "YouTube", "name": "Ducks", "url": "https://www.youtube.com/watch?v=invented_01"},
            p("Second one."),
            {"type": "Youtube", "youtubeId": "invented_02"},
        ),
    ),
    Content(
        ids.BARE,
        "en",
        "Only the bones",
        (p("Name and body, that is all."),),
        without=(
            "languageId",
            "trackingInfo",
            "teaser",
            "categoryName",
            "text",
            "permaLink",
            "referenceGroups",
            "commentsEnabled",
            "displayDate",
        ),
    ),
    Content(ids.UNKNOWN_LANGUAGE, "und", "Blorp fnim quazzle", (p("Wib wab, zonk."),)),
    Content(
        ids.LONG_TEXT,
        "en",
        "The whole logbook",
        (heading("Day by day"), *(p(f"Day {day}: wind from the west, {day % 9} sails, tea at four.") for day in range(400))),
    ),
    Content(
        ids.BODY_GALLERY,
        "zh",
        "灯笼的四种折法",
        (
            p("先看步骤，再动手。"),
            gallery(70100081, "折灯笼", [image(71000080, "把纸对折。", name="第一步"), image(71000081, "", name="第二步")]),
            gallery(70100082, "成品", [image(71000082, "挂在窗前。", name="红灯笼")], "items"),
        ),
    ),
    Content(
        ids.BODY_VIDEO,
        "en",
        "See it move",
        (
            p("A windmill in the rain."),
            video(70100083, "Windmill", image(71000083, None)),
            {"type": "Video"},
            p("It stopped at six."),
        ),
    ),
    Content(
        ids.TEXT_ONLY,
        "en",
        "All in one string",
        keys={"text": f"<p>First part.</p><p>Second part, see {ref(ids.ENGLISH, 'the clock')}.</p>"},
    ),
)

QUIRKS = (*_titles(), *_NAMES, *_BODIES, _index_of_oddities())

"""Videos, an audio, galleries and liveblogs, in words written for this project. Shapes beyond the video's are assumed."""

from __future__ import annotations

from tests.dwsite import ids
from tests.dwsite.shapes import Content, Json, audio, gallery, image, p, ref, video

_SLIDES = [
    image(71000091, "风扇装在舱顶。", name="第一层"),
    image(71000092, "", name="第二层"),
    image(71000093, "书架用绳子固定。", name="第三层", ending="png"),
]


def _post(dw_id: int, date: str, name: str, *body: Json) -> Json:
    return {
        "id": dw_id,
        "type": "LiveblogPost",
        "name": name,
        "displayDate": date,
        "persons": [{"firstName": "Ada", "lastName": "Marsh"}],
        "body": [{"content": part} for part in body],
    }


MEDIA_CONTENTS = (
    Content(
        ids.VIDEO_BY_REFERENCE,
        "zh",
        "船舱里的风扇",
        kind="video",
        type="Video",
        teaser="工程师怎样让书保持干燥。",
        display_date="2026-02-02T07:00:00.000Z",
        main=video(ids.VIDEO_BY_REFERENCE, "船舱里的风扇", image(71000090, None)),
    ),
    Content(
        ids.GALLERY_BY_REFERENCE,
        "zh",
        "图书馆船的三层",
        kind="gallery",
        type="Gallery",
        teaser="从甲板到舱底。",
        display_date="2026-02-02T08:00:00.000Z",
        main=gallery(ids.GALLERY_BY_REFERENCE, "图书馆船的三层", _SLIDES),
    ),
    Content(
        ids.VIDEO,
        "en",
        "Ferry in fog",
        kind="video",
        type="Video",
        teaser="It found the pier by smell of bread.",
        display_date="2026-02-05T06:00:00.000Z",
        main=video(ids.VIDEO, "Ferry in fog", image(71000094, None)),
    ),
    Content(
        ids.VIDEO_HLS_ONLY,
        "en",
        "Fog in ferry",
        kind="video",
        type="Video",
        teaser="No file to take home.",
        display_date="2026-02-05T07:00:00.000Z",
        main=video(
            ids.VIDEO_HLS_ONLY,
            "Fog in ferry",
            {"type": "Image", "sizes": [{"width": 512, "height": 288, "url": "https://tvdownloaddw-a.akamaihd.net/x.jpg"}]},
            mp4=False,
        ),
    ),
    Content(
        ids.AUDIO,
        "de",
        "Das Geräusch der Woche: Türklinke",
        kind="audio",
        type="Audio",
        teaser="Elf Minuten Messing.",
        display_date="2026-02-04T05:00:00.000Z",
        main=audio(ids.AUDIO, "Das Geräusch der Woche: Türklinke", image(71000095, None)),
    ),
    Content(
        ids.GALLERY,
        "en",
        "Seven doors and a window",
        kind="gallery",
        type="ImageGallery",
        teaser="A walk along one street.",
        display_date="2026-02-06T07:00:00.000Z",
        keys={"items": [image(71000096, "It squeaks.", name="Green door"), image(71000097, "It does not.", name="Window")]},
    ),
    Content(
        ids.LIVEBLOG,
        "en",
        "Live: the duck race, minute by minute",
        type="Liveblog",
        teaser="Forty ducks, one river.",
        display_date="2026-02-07T14:00:00.000Z",
        main=image(71000098, "The start"),
        posts=(
            _post(
                70100093, "2026-02-07T14:20:00.000Z", "Photo finish", p("Number 12 by a beak."), image(71000099, "Number 12")
            ),
            _post(70100092, "2026-02-07T14:10:00.000Z", "Halfway", p(f"Level with {ref(ids.ENGLISH, 'the village clock')}.")),
            _post(70100091, "2026-02-07T14:00:00.000Z", "They are off", p("A splash, and then another.")),
        ),
    ),
    Content(
        ids.LIVEBLOG_FEED_ONLY,
        "en",
        "Live: waiting for the kettle",
        type="Liveblog",
        teaser="It will boil.",
        display_date="2026-02-08T14:00:00.000Z",
        posts=(_post(70100094, "2026-02-08T14:00:00.000Z", "", p("Nothing yet.")),),
    ),
)

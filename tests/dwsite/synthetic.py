"""Generated articles, any number of them, for speed tests and long lists. Their sentences are made by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.dwsite.ids import FIRST_MEDIA, FIRST_MEDIA_PICTURE, FIRST_SYNTHETIC, FIRST_SYNTHETIC_PICTURE
from tests.dwsite.shapes import Content, Json, audio, gallery, image, p, ref, video

START = datetime(2026, 3, 1, tzinfo=UTC)
SYNTHETIC_LANGUAGES = ("en", "de", "zh", "es")

_SUBJECTS = ("The ferry", "A baker", "The choir", "The old mill", "A gardener", "The night train", "The museum")
_VERBS = ("waits for", "remembers", "repairs", "paints", "measures", "invites", "follows")
_OBJECTS = ("the harbour", "a lost letter", "the bridge", "four clocks", "a map of the hills", "the winter", "the bees")


@dataclass(frozen=True)
class Synthetic:
    """The number of articles, and of pictures and references of each."""

    articles: int = 0
    pictures: int = 3
    references: int = 0
    media: int = 0

    def __contains__(self, dw_id: int) -> bool:
        return FIRST_SYNTHETIC <= dw_id < FIRST_SYNTHETIC + self.articles or self._is_media(dw_id)

    def _is_media(self, dw_id: int) -> bool:
        return FIRST_MEDIA <= dw_id < FIRST_MEDIA + self.media

    def has_picture(self, dw_id: int) -> bool:
        """Whether one of these articles shows the picture."""
        ours = FIRST_SYNTHETIC_PICTURE <= dw_id < FIRST_SYNTHETIC_PICTURE + self.articles * self.pictures
        return ours or FIRST_MEDIA_PICTURE <= dw_id < FIRST_MEDIA_PICTURE + self.media * 2

    def content(self, dw_id: int) -> Content:
        """The content of that id, which must be one of these."""
        if self._is_media(dw_id):
            return _media(dw_id)
        place = dw_id - FIRST_SYNTHETIC
        first = FIRST_SYNTHETIC_PICTURE + place * self.pictures
        pictures = [image(first + i, f"Picture {i + 1} of article {dw_id}") for i in range(self.pictures)]
        body: list[Json] = []
        for i in range(6):
            body.append(p(" ".join(sentence(dw_id * 31 + i * 5 + j) for j in range(5))))
            if 0 < i < len(pictures):
                body.append(pictures[i])
        body.extend(pictures[6:])
        for i in range(self.references):
            other = FIRST_SYNTHETIC + (place * 7 + i * 13 + 1) % self.articles
            body.append(p(f"See also {ref(other, f'report {other}')}."))
        return Content(
            id=dw_id,
            language=synthetic_language(place),
            name=f"{sentence(dw_id)[:-1]} ({dw_id})",
            teaser=sentence(dw_id + 3),
            body=tuple(body),
            display_date=synthetic_date(place),
            main=pictures[0] if pictures else None,
            keys={"persons": [{"firstName": "Test", "lastName": f"Writer {place % 17}"}]},
        )


def _media(dw_id: int) -> Content:
    place = dw_id - FIRST_MEDIA
    kind = synthetic_kind(place)
    name = f"{sentence(dw_id)[:-1]} [{dw_id}]"
    first, second = (image(FIRST_MEDIA_PICTURE + place * 2 + i, f"Slide {i + 1}", name=f"View {i + 1}") for i in (0, 1))
    mains = {
        "video": video(dw_id, name, first),
        "audio": audio(dw_id, name, first),
        "gallery": gallery(dw_id, name, [first, second]),
    }
    return Content(
        id=dw_id,
        language=synthetic_language(place),
        name=name,
        kind=kind,
        type=kind.capitalize(),
        teaser=sentence(dw_id + 5),
        display_date=synthetic_date(place),
        main=mains[kind],
    )


def synthetic_language(place: int) -> str:
    """The language of the content at that place (from 0)."""
    return SYNTHETIC_LANGUAGES[place % len(SYNTHETIC_LANGUAGES)]


def synthetic_kind(place: int) -> str:
    """Whether the generated medium at that place is a video, an audio or a gallery."""
    return ("video", "audio", "gallery")[place % 3]


def synthetic_date(place: int) -> str:
    """When the article at that place (from 0) was published: one every seven minutes."""
    return (START + timedelta(minutes=7 * place)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sentence(number: int) -> str:
    """A sentence, the same for the same number."""
    subject = _SUBJECTS[number % 7]
    return f"{subject} {_VERBS[number // 7 % 7]} {_OBJECTS[number // 49 % 7]}."

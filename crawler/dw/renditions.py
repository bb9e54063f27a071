"""Choose the renditions of a picture to request: the wanted one, then possible substitutes.

Source: section 7 of our notes on DW's data. The number in a picture's address names the picture, the part after `_` its
rendition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from crawler import urls
from crawler.urls import DwAddress, PictureName

STANDARD_WIDTH = 700
"""The width of the pictures that the document format shows, in pixels."""

STAND_INS = ("4", "7")
"""Renditions that nearly every picture has, in the order of requests. `_4` is "always present"."""

_WIDTHS = {"301": 220, "302": 460, "303": 700, "304": 940, "607": 1920}
# figures whose pictures were not made in these widths, such as FREE_IMAGE and LEGACY_4
_ODD_FORMAT = re.compile(r"\b(?:free_image|legacy(?:_([0-9a-z]{1,12}))?)\b", re.IGNORECASE)


class Shown(NamedTuple):
    """A picture to show. name: the rendition to request first. address: its address, as in `article.Picture`. others: the
    renditions to request if DW does not have that one, in order."""

    name: PictureName
    address: DwAddress
    others: tuple[PictureName, ...]


def of_width(width: int) -> str:
    """Return the rendition whose width is nearest to a wanted one, in pixels.

    >>> of_width(700), of_width(900), of_width(1)
    ('303', '304', '301')
    """
    return min(_WIDTHS, key=lambda rendition: abs(_WIDTHS[rendition] - width))


def candidates(wanted: PictureName, named: Iterable[PictureName] = ()) -> tuple[PictureName, ...]:
    """Return the renditions to request, in order, without repeats: the wanted one, `_4`, `_7`, those that the reply names.

    >>> wanted = PictureName(63, "303", "jpg")
    >>> [name.rendition for name in candidates(wanted, [wanted, PictureName(63, "304", "jpg")])]
    ['303', '4', '7', '304']
    """
    return tuple(dict.fromkeys((wanted, *(replace(wanted, rendition=one) for one in STAND_INS), *named)))


def standing_in(wanted: PictureName, had: Iterable[PictureName]) -> PictureName | None:
    """Return which of the renditions that an archive has to show for a wanted one; None if it has none.

    The wanted one comes first, then `_4`, `_7` and any other, each in the wanted ending if possible.
    """
    order = {name: place for place, name in enumerate(candidates(wanted))}
    rest = len(order)
    return min(had, default=None, key=lambda name: (order.get(name, rest), name.extension != wanted.extension, name))


def of_figure(picture: PictureName, wanted: str, data_format: str = "", *, is_named: bool = True) -> tuple[PictureName, ...]:
    """Return the renditions to request of a picture in a page, in order.

    picture: as the page names it. wanted: the rendition of the wanted width. A figure whose format is FREE_IMAGE or LEGACY does
    not have it, so it comes last there. data_format: DW's word for the format. is_named: whether the page names a rendition.
    """
    first, named = replace(picture, rendition=wanted), [picture] if is_named else []
    odd = _ODD_FORMAT.search(data_format)
    if odd is None:
        return candidates(first, named)
    of_format = [replace(picture, rendition=odd[1])] if odd[1] else []
    stand_ins = candidates(first, [*of_format, *named])[1:]
    return tuple(dict.fromkeys((*stand_ins, first)))


def shown(names: Iterable[PictureName], address: DwAddress | None = None) -> Shown:
    """Return the picture to show. names: the renditions to request. address: of the first of them, if DW named one."""
    first, *others = names
    return Shown(first, address or urls.picture_address(first), tuple(others))

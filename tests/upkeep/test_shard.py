"""Dividing an archive's files into shards."""

from __future__ import annotations

import pytest

from crawler.exceptions import ArgumentError
from crawler.upkeep.shard import WHOLE, Shard, parse


@pytest.mark.parametrize("of", [1, 2, 7, 64])
def test_every_path_is_in_exactly_one_shard(of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    for dw_id in range(70000001, 70000200):
        assert sum(shard.has(f"zh/2026/01/{dw_id}-a-title.txt") for shard in shards) == 1
    assert sum(shard.has("zh/notes \udcff") for shard in shards) == 1


def test_paths_are_spread_over_the_shards() -> None:
    counts = [sum(Shard(number, 4).has(f"images/710/{n}_303.jpg") for n in range(4000)) for number in (1, 2, 3, 4)]
    assert min(counts) > 900


def test_shard_is_parsed_and_printed() -> None:
    assert parse("3/8") == Shard(3, 8)
    assert str(parse("3/8")) == "3/8"
    assert parse("1/1") == WHOLE


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "-1/8", "1/0", "a/b", "1/8/2", "1 / 8", "1/8\n"])
def test_other_texts_are_not_shards(text: str) -> None:
    with pytest.raises(ArgumentError, match="--shard takes I/N"):
        parse(text)

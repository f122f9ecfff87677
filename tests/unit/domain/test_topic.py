"""Topics are paths."""

import pytest

from sendwell.domain.topic import flaw_in_topic, path_of


def test_a_topic_lies_below_each_beginning_of_its_path() -> None:
    assert ("news/sport/tv", "news/sport", "news") == path_of("news/sport/tv")
    assert ("news",) == path_of("news")


@pytest.mark.parametrize("key", ["news", "news/sport", "a1/b_c.d-e", "x" * 255])
def test_a_path_of_lower_case_names_is_a_topic(key: str) -> None:
    assert flaw_in_topic(key) is None


@pytest.mark.parametrize(
    "key", ["", "/", "/news", "news/", "a//b", "News", "-a", "a b", "a\n", "x" * 256]
)
def test_anything_else_is_none(key: str) -> None:
    assert "path like news/sport" in (flaw_in_topic(key) or "")


def test_the_name_of_a_topics_list_in_the_api_ends_none() -> None:
    assert flaw_in_topic("news/subscribers") == "A topic can't end in subscribers."
    assert flaw_in_topic("subscribers/news") is None

"""What the tests of all explorers read their HTML with."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser


class Tags(HTMLParser):
    """Names, attributes and text of a piece of HTML; an attribute that could run something, or an id, is an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.images: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        assert not [name for name, _ in attributes if name.startswith("on") or name == "id"]
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data: str) -> None:
        self.text += data


def pictures(html: str) -> str:
    """The SVG source of all images."""
    sources = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return "\n".join(base64.b64decode(source).decode() for source in sources)


def without_images(html: str) -> str:
    """The HTML around the images, whose base64 may hold any letters by chance."""
    return re.sub(r'src="data:[^"]*"', "", html)


def assert_self_contained(html: str) -> None:
    """HTML that fetches nothing and runs nothing; an image is part of it, and fetches nothing either."""
    tags = Tags(html)
    assert "script" not in tags.tags
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in tags.images)
    assert tags.tags.count("img") == len(tags.images)
    around = without_images(html) + pictures(html).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in around and "url(" not in around and " id=" not in around

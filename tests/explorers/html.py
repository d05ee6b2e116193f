"""What the tests of all explorers read their HTML with."""

from __future__ import annotations

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

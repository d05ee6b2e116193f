"""An explorer on a bare page in a real Chromium, without JupyterLab: its kernel is this process.

The page gets the widget's own script and sheets and a model that speaks anywidget's protocol; what the script sends
goes to the explorer's own `_answer`, at once or after a delay. Frames may also come from a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.assets import script
from llmlab.explorers.host.edition import Edition

# What JupyterLab's two themes give a page.
THEMES = {
    "light": {"light": "true", "ink": "rgba(0, 0, 0, 0.87)", "paper": "#ffffff"},
    "dark": {"light": "false", "ink": "#ffffff", "paper": "#111111"},
}

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>explorer</title><style>body {{ margin: 8px; font-family: system-ui, sans-serif;
 background: var(--jp-layout-color0); --jp-content-font-color1: {ink}; --jp-layout-color0: {paper}; }} {css}</style>
<body data-jp-theme-light="{light}"><main><h1 style="font-size:0;margin:0;height:0">An explorer</h1><h2
 style="font-size:0;margin:0;height:0">On a page</h2><h3 style="font-size:0;margin:0;height:0">Alone</h3><div id="at"
></div></main></body></html>"""

_MODEL = """([script, traits]) => {
    const listeners = {};
    const model = {
        get: (name) => traits[name],
        send: (content) => { window.sent.push(content); window.toKernel(JSON.stringify(content)); },
        on: (name, does) => (listeners[name] ??= new Set()).add(does),
        off: (name, does) => listeners[name]?.delete(does),
    };
    window.sent = [];
    window.fromKernel = (content) => listeners['msg:custom'].forEach((does) => does(content));
    window.frameIs = (frame) => { traits.frame = frame; listeners['change:frame'].forEach((does) => does()); };
    const source = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    return import(source).then((host) => {
        window.unmount = host.default.render({ model, el: document.querySelector('#at') });
    });
}"""

_FILE = """([script, opening, parts]) => {
    window.loaded = [];
    window.stops = [];
    const load = async (number) => {
        window.loaded.push(number);
        if (!parts[number]) throw new Error('not there');
        return parts[number];
    };
    const source = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    return import(source).then((host) => {
        window.source = host.fileSource(opening, load, (state) => window.stops.push(state));
        window.unmount = host.mount(document.querySelector('#at'), window.source);
    });
}"""


class Plain:
    """One explorer on a page.

    Attributes:
        explorer: the explorer itself, in this process.
        errors: what the page's console reported as an error, and exceptions that nobody caught.
    """

    def __init__(self, page: Page, explorer: Explorer, *, theme: str = "light", delay: float = 0) -> None:
        self.page, self.explorer, self.errors = page, explorer, []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_content(_PAGE.format(css=explorer._css, **THEMES[theme]))
        self._delay = delay
        explorer.send = lambda content: self._to_page("fromKernel", content)
        explorer.observe(lambda change: self._to_page("frameIs", change["new"]), "frame")
        page.expose_function("toKernel", lambda text: explorer._answer(explorer, json.loads(text), []))
        traits = {name: getattr(explorer, name) for name in ("title", "task", "controls", "has_more", "frame")}
        page.evaluate(_MODEL, [script(), traits])

    def _to_page(self, function: str, content: Any) -> None:
        # Not awaited: this may run inside a call from the page.
        self.page.evaluate(
            f"([content, delay]) => {{ setTimeout(() => window.{function}(content), delay); }}", [content, self._delay]
        )

    @property
    def root(self) -> Locator:
        return self.page.locator(".llmlab-live")

    @property
    def picture(self) -> Locator:
        return self.root.locator(".llmlab-hero")

    def key(self, key: str) -> Locator:
        """The element of the picture with this data-key."""
        return self.picture.locator(f'[data-key="{key}"]')

    def sent(self) -> list[dict[str, Any]]:
        return self.page.evaluate("() => window.sent")

    def forget_sent(self) -> None:
        self.page.evaluate("() => { window.sent.length = 0; }")


def from_file(page: Page, edition: Edition, *, without: Sequence[int] = ()) -> None:
    """Show what a page holds of an explorer: no model, no kernel; some parts may be missing."""
    page.set_content(_PAGE.format(css=edition.explorer._css, **THEMES["light"]))
    parts = [None if at in without else edition.part(states) for at, states in enumerate(edition.parts().values())]
    page.evaluate(_FILE, json.loads(json.dumps([script(), edition.opening(), parts])))

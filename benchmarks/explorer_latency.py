"""How long an explorer takes from an input event to a changed page, beside two usual ways to build one.

In a real JupyterLab, in one run and with one clock (the page's performance.now()): the window map, `interactive_output`
with a new matplotlib figure, and `observe` with `ipywidgets.HTML`. The same again with 200 ms of delay between browser
and kernel. Then what one picture costs in the kernel alone.

    python benchmarks/explorer_latency.py        a Markdown table, and benchmarks/results/explorer_latency.json
"""

from __future__ import annotations

import asyncio
import datetime
import importlib.metadata
import io
import json
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from llmlab.explorers import WindowMap, window_map  # noqa: E402

DELAY = 0.2  # seconds, there and back
TOUCHES, DRAGS, PEERS, PICTURES = 40, 300, 40, 60
FIRST_TOUCH = "window map, first touch of a control"
OURS = ("window map, dragging a loaded axis", "window map, one frame")  # what the ratios refer to
PEER_NAMES = {
    ".peer-html": "observe + ipywidgets.HTML, the same HTML",
    ".peer-figure": "interactive_output + new matplotlib figure",
}
LOAD = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None

# The peers. The kernel of the benchmark's notebook imports these two functions.


def figure_of(state: dict[str, Any]) -> Any:
    """The window map as a new matplotlib figure: windows over positions, and the count at each token."""
    from matplotlib.figure import Figure

    trace = window_map.compute(state)
    picture = np.zeros((len(trace.tokens), max(1, 2 * len(trace.inputs))))
    for window, (inputs, targets) in enumerate(zip(trace.inputs, trace.targets, strict=True)):
        picture[list(inputs), 2 * window] = 1
        picture[list(targets), 2 * window + 1] = 2
    figure = Figure(figsize=(8, 6))
    axes = figure.subplots()
    axes.imshow(picture, aspect="auto", interpolation="nearest")
    counted = zip(trace.tokens, trace.target_counts, strict=True)
    axes.set_yticks(range(len(trace.tokens)), [f"{token}  {count}×" for token, count in counted])
    axes.set_xlabel("input and target of each window")
    return figure


def html_of(state: dict[str, Any]) -> str:
    return window_map.render(window_map.compute(state))


CELLS = (
    "from llmlab.explorers import WindowMap\nw = WindowMap()\nw",
    "%matplotlib inline\nimport ipywidgets\nfrom IPython.display import display\n"
    "from benchmarks.explorer_latency import figure_of, html_of\n"
    "one = ipywidgets.IntSlider(value=2, min=1, max=10)\n"
    "def draw(stride):\n    display(figure_of({**w.state, 'stride': stride}))\n"
    "drawn = ipywidgets.interactive_output(draw, {'stride': one})\n"
    "ipywidgets.VBox([one, drawn]).add_class('peer-figure')",
    "two = ipywidgets.IntSlider(value=2, min=1, max=10)\n"
    "text = ipywidgets.HTML(html_of(w.state))\n"
    "two.observe(lambda change: text.set_trait('value', html_of({**w.state, 'stride': change['new']})), 'value')\n"
    "ipywidgets.VBox([two, text]).add_class('peer-html')",
)

# JavaScript: act, and wait until what `look` returns has changed; the milliseconds between.
MEASURE = """
window.measure = (root, look, act) => {
    return new Promise((resolve, reject) => {
        const before = look();
        const late = setTimeout(() => reject(new Error('nothing changed within 20 s')), 20000);
        const observer = new MutationObserver(() => {
            const now = performance.now(), after = look();
            if (!after || after === before) return;
            observer.disconnect();
            clearTimeout(late);
            requestAnimationFrame(() => resolve(now - begin));
        });
        observer.observe(root, { childList: true, subtree: true, attributes: true, characterData: true });
        const begin = performance.now();
        act();
    });
}
"""
EXPLORER = """([name, value]) => {
    const root = document.querySelector('.llmlab-live .llmlab-frame');
    const input = document.querySelector(`.llmlab-live [name="${name}"]`);
    return measure(root, () => root.innerHTML, () => {
        input.value = value;
        input.dispatchEvent(new Event('input', { bubbles: true }));
    });
}"""
# The slider of ipywidgets listens to keys on its handle; the picture is the <img>'s data or the HTML.
PEER = """([peer, key]) => {
    const root = document.querySelector(peer);
    const handle = root.querySelector('.noUi-handle');
    const look = peer === '.peer-figure'
        ? () => root.querySelector('img')?.src : () => root.querySelector('.widget-html-content').innerHTML;
    return measure(root, look, () => handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })));
}"""
ROUND_TRIP = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const begin = performance.now();
    await kernel.requestKernelInfo();
    return performance.now() - begin;
}"""


class DelayingProxy:
    """Passes a TCP port on to a server and holds back every byte, in both directions, for `delay` seconds."""

    def __init__(self, host: str, port: int) -> None:
        self.target, self.delay = (host, port), 0.0
        self.port = 0
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def release() -> None:
            while True:
                due, data = await held.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        releasing = asyncio.create_task(release())
        data = b"-"
        while data:
            data = await reader.read(1 << 16)
            held.put_nowait((time.monotonic() + self.delay, data))
        await releasing


def summary(name: str, where: str, values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {"what": name, "where": where, "median_ms": statistics.median(ordered), "p95_ms": high, "n": len(ordered)}


def first_touches(lab: Any, n: int, label: str) -> list[float]:
    """Each time the frames are forgotten and another control is moved than the one whose axis is loaded anew."""
    times = []
    lab.page.evaluate(EXPLORER, ["batch_size", 5 - lab.explorer().state["batch_size"] % 2])
    for i in tqdm(range(n), desc=label):
        name = ("stride", "max_length")[i % 2]
        lab.python("w.refresh()")
        explorer = lab.explorer()
        explorer.wait_idle()
        lab.sent.clear()
        another_value = 2 + (explorer.state[name] - 1) % 4
        times.append(lab.page.evaluate(EXPLORER, [name, another_value]))
        assert any('"ask":"frames"' in message for message in lab.sent), "the frame was there before the touch"
    return times


def drags(lab: Any, n: int, label: str) -> list[float]:
    """Up and down the stride's axis, once all of its frames are there."""
    explorer = lab.explorer()
    explorer.key("stride", "Home")
    explorer.wait_idle()
    there_and_back = [*range(2, 11), *range(9, 0, -1)]
    lab.sent.clear()
    return [
        lab.page.evaluate(EXPLORER, ["stride", there_and_back[i % len(there_and_back)]])
        for i in tqdm(range(n), desc=label)
    ]


def peer_moves(lab: Any, peer: str, n: int, label: str) -> list[float]:
    lab.page.locator(peer).scroll_into_view_if_needed()
    times = []
    for i in tqdm(range(n), desc=label):
        times.append(lab.page.evaluate(PEER, [peer, "ArrowRight" if i % 10 < 5 else "ArrowLeft"]))
        lab.page.wait_for_timeout(100)
    return times


def in_the_page() -> Iterator[dict[str, Any]]:
    from tests.browser.lab import chromium, jupyter_server

    with jupyter_server() as server, chromium() as browser:
        yield {"browser": f"Chromium {browser.version}"}
        yield from on_one_page(browser, server, "localhost", server.address, None, 1)
        proxy = DelayingProxy(urlsplit(server.address).hostname, urlsplit(server.address).port)
        where = f"{DELAY * 1000:.0f} ms of delay"
        yield from on_one_page(browser, server, where, f"http://127.0.0.1:{proxy.port}", proxy, 2)


def on_one_page(
    browser: Any, server: Any, where: str, address: str, proxy: DelayingProxy | None, fewer: int
) -> Iterator[dict[str, Any]]:
    from tests.browser.lab import Lab, notebook

    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.add_init_script(MEASURE)
    lab = Lab(page, server)
    lab.open(notebook(*CELLS), address=address)
    lab.run_all()
    assert lab.error_outputs() == [], lab.error_outputs()
    lab.explorer().wait_idle()
    page.locator(".peer-figure img").wait_for()
    if proxy is not None:
        proxy.delay = DELAY / 2  # from here on: the page itself has loaded
    round_trips = [page.evaluate(ROUND_TRIP) for _ in range(20)]
    if proxy is not None and min(round_trips) < DELAY * 1000:
        raise RuntimeError(f"the delay is not real: a round trip took {min(round_trips):.0f} ms")
    yield summary("round trip to the kernel", where, round_trips)
    yield summary(FIRST_TOUCH, where, first_touches(lab, TOUCHES // fewer, f"{FIRST_TOUCH}, {where}"))
    yield summary(OURS[0], where, drags(lab, DRAGS // fewer, f"{OURS[0]}, {where}"))
    for peer, name in PEER_NAMES.items():
        yield summary(name, where, peer_moves(lab, peer, PEERS // fewer, f"{name}, {where}"))
    page.close()
    server.shut_down_kernels()


def in_the_kernel() -> Iterator[dict[str, Any]]:
    first = WindowMap().state
    largest = {**first, "text": "a b c d e f g h " * 15, "stride": 1, "max_length": 8, "batch_size": 1}

    def frame(state: dict[str, Any]) -> str:
        trace = window_map.compute(state)
        return window_map.render(trace) + window_map.describe(trace)

    def png(state: dict[str, Any]) -> bytes:
        file = io.BytesIO()
        figure_of(state).savefig(file, format="png")
        return file.getvalue()

    for where, state in (("kernel alone, first state", first), ("kernel alone, largest state", largest)):
        for name, draw in ((OURS[1], frame), ("the same as a new matplotlib figure, PNG", png)):
            yield summary(name, where, list(timed(draw, state, PICTURES, f"{name}, {where}")))


def timed(draw: Callable[[Any], Any], state: dict[str, Any], n: int, label: str) -> Iterator[float]:
    draw(state)
    for _ in tqdm(range(n), desc=label):
        begin = time.perf_counter()
        draw(state)
        yield (time.perf_counter() - begin) * 1000


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown; the ratio of medians is to our own picture under the same conditions (dragging, or one frame)."""
    lines = ["| what | where | median, ms | 95th percentile, ms | n | ratio |", "|---|---|---:|---:|---:|---:|"]
    for row in rows:
        ours = next(other["median_ms"] for other in rows if other["where"] == row["where"] and other["what"] in OURS)
        row["ratio"] = row["median_ms"] / ours
        lines.append(
            f"| {row['what']} | {row['where']} | {row['median_ms']:.2f} | {row['p95_ms']:.2f} | {row['n']} | "
            f"{row['ratio']:.3g} |"
        )
    return "\n".join(lines)


def main() -> None:
    rows = [*in_the_page(), *in_the_kernel()]
    browser = rows.pop(next(i for i, row in enumerate(rows) if "browser" in row))["browser"]
    text = table(rows)
    names = ("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "matplotlib", "torch")
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": {"system": platform.system(), "processors": os.cpu_count(), "load_before": LOAD},
        "versions": {
            "python": platform.python_version(),
            "browser": browser,
            **{name: importlib.metadata.version(name) for name in names},
        },
        "rows": rows,
    }
    file = ROOT / "benchmarks" / "results" / "explorer_latency.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(text)
    print(f"\n{result['versions']}\n{result['machine']}")


if __name__ == "__main__":
    main()

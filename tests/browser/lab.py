"""Drive a real JupyterLab in a real Chromium: what the browser tests, the screenshots and the latency benchmark share.

`jupyter_server()` runs JupyterLab in a temporary folder with settings of its own, `chromium()` starts the browser,
`Lab` is one page of it with one notebook, and `Explorer` is one explorer in that notebook.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect, sync_playwright

from llmlab.course.saving import HOOK

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90_000  # ms; for what takes seconds on an idle machine

# Lessons that train for most of their time, which another run would only do again. nbval runs all of their notebooks.
TRAINING = ("11", "12", "14", "15", "16")

expect.set_options(timeout=PATIENCE)  # a full machine has needed more than Playwright's 5 s to change the theme

# JavaScript: the notebook on the page. JupyterLab's own model is asked, since the page may not show every cell.
_PANEL = "const panel = window.jupyterapp.shell.currentWidget;"
_CODE_CELLS = _PANEL + "const cells = [...panel.content.model.cells].filter((cell) => cell.type === 'code');"

# JavaScript: whether a node holds exactly this HTML, but for what the host itself puts on the elements of a frame.
SHOWS = """(node, html) => {
    const bare = (root) => {
        for (const one of root.querySelectorAll('*'))
            for (const name of [...one.getAttributeNames()])
                if (/^(tabindex|role|aria-.*|data-on|data-lit|open)$/.test(name)) one.removeAttribute(name);
        return root;
    };
    const other = document.createElement('div');
    other.innerHTML = html;
    const mine = document.createElement('div');
    mine.append(...node.cloneNode(true).childNodes);
    return bare(mine).isEqualNode(bare(other));
}"""

Frame = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: where it listens, the key to it, and the folder that it shows."""

    address: str
    token: str
    folder: Path

    def shut_down_kernels(self) -> None:
        for session in self._call("GET", "sessions"):
            self._call("DELETE", f"sessions/{session['id']}")

    def _call(self, method: str, path: str) -> Any:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}/api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


JUPYTERLAB = (
    *("jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--LabApp.expose_app_in_browser=True"),
    *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly", HOOK),
)


@contextlib.contextmanager
def jupyter_server(program: Sequence[str] = JUPYTERLAB) -> Iterator[Server]:
    """JupyterLab on a free port: a temporary folder and settings, no news, nothing fetched from the network.

    Another program, with its options, is started in the same way.
    """
    with tempfile.TemporaryDirectory(prefix="llmlab-lab-", ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        places = {name: home / name for name in ("config", "data", "runtime", "settings", "workspaces", "notebooks")}
        for place in places.values():
            place.mkdir()
        _write_json(places["settings"] / "@jupyterlab/apputils-extension/notification.jupyterlab-settings",
                    {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})  # fmt: skip
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(places["config"]),
            "JUPYTER_DATA_DIR": str(places["data"]),
            "JUPYTER_RUNTIME_DIR": str(places["runtime"]),
            "JUPYTERLAB_SETTINGS_DIR": str(places["settings"]),
            "JUPYTERLAB_WORKSPACES_DIR": str(places["workspaces"]),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        token = environment["JUPYTER_TOKEN"] = secrets.token_hex(16)
        command = [sys.executable, "-m", *program, "--no-browser", "--allow-root"]
        log = home / "server.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=places["notebooks"], env=environment, stdout=output, stderr=output,
                                       start_new_session=True)  # fmt: skip
        try:
            yield Server(_address(process, places["runtime"], log), token, places["notebooks"])
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The address that the server itself writes down once it listens."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for record in runtime.glob("*server-*.json"):
            with contextlib.suppress(ValueError):  # still being written
                return f"http://127.0.0.1:{json.loads(record.read_text())['port']}"
        time.sleep(0.1)
    raise RuntimeError(f"Jupyter did not start:\n{log.read_text()[-2000:]}")


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def browser_path(names: Sequence[str] = BROWSERS) -> str | None:
    """The Chromium of this machine, if it has one: the shell first, whose pages take a third of the time."""
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def chromium(names: Sequence[str] = BROWSERS) -> Iterator[Browser]:
    """A Chromium without a window that fetches nothing of its own accord."""
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(names), args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield browser
        browser.close()


def notebook(*cells: str) -> nbformat.NotebookNode:
    """A notebook of code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def pause(page: Page, ms: int) -> None:
    """Wait for as long on the page's own clock: what the page put off for less has happened, however slow it is."""
    page.evaluate("(ms) => new Promise((done) => { setTimeout(done, ms); })", ms)


class Lab:
    """One page of JupyterLab.

    Attributes:
        errors: what the page's console reported as an error, and exceptions that nobody caught.
        sent: what the page has sent to its kernels, as text.
        reusable: whether another notebook may be opened in this page afterwards; a test that has changed more of it
            than `leave` puts back says no.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.errors: list[str] = []
        self.sent: list[str] = []
        self.reusable = True
        self._listeners: dict[Any, Callable[[Any], None]] = {
            "console": lambda message: self.errors.append(message.text) if message.type == "error" else None,
            "pageerror": lambda error: self.errors.append(str(error)),
            "websocket": self._listen,
        }
        page.set_default_timeout(PATIENCE)
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def _listen(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on(
                "framesent",
                lambda data: self.sent.append(data if isinstance(data, str) else data.decode(errors="replace")),
            )

    def open(self, source: nbformat.NotebookNode | Path, *, address: str = "", name: str = "") -> None:
        """Put a notebook into the server's folder and open it, in the light theme and without the file browser.

        A page that has loaded JupyterLab already, which takes seconds, opens the notebook in there.
        """
        if isinstance(source, Path):
            source, name = nbformat.read(source, as_version=4), name or source.name
        name = name or f"{secrets.token_hex(4)}.ipynb"
        nbformat.write(source, self.server.folder / name)
        if address or not self.page.evaluate("() => 'jupyterapp' in window"):
            self.page.goto(f"{address or self.server.address}/lab/tree/{name}?reset&token={self.server.token}")
        else:
            self.command("docmanager:open", path=name, factory="Notebook")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )
        self.page.evaluate("() => window.jupyterapp.restored")
        if self.page.evaluate("() => !document.querySelector('#jp-left-stack')?.classList.contains('lm-mod-hidden')"):
            self.command("application:toggle-left-area")

    def leave(self) -> None:
        """Close what is open, end its kernels, and put back theme and width: the page is ready for another notebook."""
        self.theme("light")
        self.width(1200)
        self.page.evaluate(
            """async () => {
                const { shell, serviceManager } = window.jupyterapp;
                for (const one of [...shell.widgets('main')]) one.dispose();
                await serviceManager.sessions.shutdownAll();
            }"""
        )
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    def command(self, name: str, **arguments: Any) -> None:
        """Run one of JupyterLab's commands to its end."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
                           [name, arguments])  # fmt: skip

    def run_all(self) -> None:
        """Run every cell and wait until the last one has finished."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            "() => {" + _CODE_CELLS + "return cells.every((cell) => cell.executionState !== 'running'"
            " && (cell.executionCount !== null || !cell.sharedModel.source.trim()))"
            " && panel.sessionContext.session.kernel.status === 'idle'; }"
        )

    def restart_and_run_all(self) -> None:
        """The menu's command of that name, its question answered with yes."""
        counts = "() => {" + _CODE_CELLS + "return cells.map((cell) => cell.executionCount); }"
        running = "([name]) => { window.jupyterapp.commands.execute(name); }"  # the promise waits for the dialog
        self.page.evaluate("() => {" + _CODE_CELLS + "cells.forEach((cell) => { cell.executionCount = null; }); }")
        assert not any(self.page.evaluate(counts))
        self.page.evaluate(running, ["notebook:restart-run-all"])
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_function(
            "() => {" + _CODE_CELLS + "return cells.every((cell) => cell.executionState !== 'running'"
            " && (cell.executionCount !== null || !cell.sharedModel.source.trim()))"
            " && panel.sessionContext.session?.kernel?.status === 'idle'; }"
        )

    def error_outputs(self) -> list[str]:
        """What cells raised, `ename: evalue`, in the order of the notebook."""
        outputs = self.page.evaluate(
            "() => {" + _CODE_CELLS + "return cells.flatMap((cell) => cell.outputs.toJSON()); }"
        )
        return [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]

    def python(self, code: str) -> str:
        """Run code in the notebook's kernel, outside of its cells; what it prints.

        Raises:
            AssertionError: the code raised.
        """
        printed, error = self.page.evaluate(
            "async (code) => {"
            + _PANEL
            + """
                let printed = '', error = '';
                const future = panel.sessionContext.session.kernel.requestExecute({ code, store_history: false });
                future.onIOPub = ({ header, content }) => {
                    if (header.msg_type === 'stream') printed += content.text;
                    if (header.msg_type === 'error') error = `${content.ename}: ${content.evalue}`;
                };
                await future.done;
                return [printed, error];
            }""",
            code,
        )
        assert not error, f"in the kernel: {error}"
        return printed

    def kernel_idle(self) -> bool:
        return self.page.evaluate(
            "() => {" + _PANEL + "return panel.sessionContext.session.kernel.status === 'idle'; }"
        )

    def selected_cell(self) -> int:
        return self.page.evaluate("() => {" + _PANEL + "return panel.content.activeCellIndex; }")

    def theme(self, name: str) -> None:
        """Light or dark."""
        self.command("apputils:change-theme", theme={"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[name])
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", str(name == "light").lower())

    def width(self, pixels: int, height: int = 1000) -> None:
        self.page.set_viewport_size({"width": pixels, "height": height})

    def explorer(self, index: int = 0) -> Explorer:
        """The explorer number `index` of the notebook, scrolled into view."""
        root = self.page.locator(".llmlab-live").nth(index)
        root.wait_for()
        root.scroll_into_view_if_needed()
        return Explorer(self, root)

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE / 1000) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
            self.page.wait_for_timeout(20)


class Explorer:
    """One live explorer on the page, driven by mouse and keyboard."""

    def __init__(self, lab: Lab, root: Locator) -> None:
        self.lab, self.root = lab, root
        self.picture = root.locator(".llmlab-hero")
        self.busy = root.locator(".llmlab-busy")
        self.reset = root.get_by_role("button", name="Reset")

    def control(self, name: str) -> Locator:
        return self.root.locator(f'.llmlab-controls [name="{name}"]')

    @property
    def controls(self) -> list[Locator]:
        return self.root.locator(".llmlab-controls [name]").all()

    @property
    def state(self) -> dict[str, Any]:
        """What the controls show, by name."""
        return self.root.evaluate(
            """(root) => Object.fromEntries([...root.querySelectorAll('.llmlab-controls [name]')]
                .filter((input) => input.type !== 'radio' || input.checked).map((input) => [
                    input.name.split('.').at(-1),
                    input.closest('.llmlab-scale') ? input.dataset.value
                        : { checkbox: input.checked, range: Number(input.value) }[input.type] ?? input.value,
                ]))"""
        )

    def key(self, name: str, *keys: str) -> None:
        """Put the focus on a control and press keys."""
        self.control(name).focus()
        for key in keys:
            self.lab.page.keyboard.press(key)

    def drag(self, name: str, fractions: Sequence[float], *, pause: float = 0) -> None:
        """Take a slider by its thumb and move it, by fractions of its length, then let go. `pause` in ms."""
        slider, mouse = self.control(name), self.lab.page.mouse
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        now = slider.evaluate("(input) => (input.value - input.min) / (input.max - input.min)")
        y, thumb = box["y"] + box["height"] / 2, 16
        place = lambda fraction: box["x"] + thumb / 2 + fraction * (box["width"] - thumb)  # noqa: E731
        mouse.move(place(now), y)
        mouse.down()
        for fraction in fractions:
            mouse.move(place(fraction), y)
            if pause:
                self.lab.page.wait_for_timeout(pause)
        mouse.up()

    def click_at(self, name: str, fraction: float) -> None:
        """Click on a slider's track."""
        box = self.control(name).bounding_box()
        self.lab.page.mouse.click(box["x"] + 8 + fraction * (box["width"] - 16), box["y"] + box["height"] / 2)

    def move(self) -> None:
        """Press an arrow key on the first slider or list that is seen, else another button: the picture changes."""
        sliders = self.root.locator("input[type=range]:visible, select:visible")
        if not sliders.count():
            return self._choose_another()
        name = sliders.first.get_attribute("name")
        before, picture = self.state[name], self.picture.inner_html()
        key = "ArrowRight" if isinstance(before, int) else "ArrowUp"
        self.key(name, key)
        if self.state[name] == before:  # it stood at the end
            self.key(name, {"ArrowRight": "ArrowLeft", "ArrowUp": "ArrowDown"}[key])
        self.lab.wait_until(lambda: self.picture.inner_html() != picture, f"{name} changes the picture")
        assert self.state[name] != before
        expect(self.picture.locator(".llmlab-error")).to_have_count(0)

    def _choose_another(self) -> None:
        picture = self.picture.inner_html()
        self.root.locator("input[type=radio]:not(:checked)").first.check(force=True)
        self.lab.wait_until(lambda: self.picture.inner_html() != picture, "another button changes the picture")
        expect(self.picture.locator(".llmlab-error")).to_have_count(0)

    def text(self, part: str) -> str:
        """The text of one of its parts: status, words, note, title ..."""
        return self.root.locator(f".llmlab-{part}").text_content()

    def shows(self, html: str) -> bool:
        """Whether the picture is exactly this HTML, as a browser reads it; but for what the host adds to it."""
        return self.picture.evaluate(SHOWS, html)

    def wait_idle(self) -> None:
        """Wait until neither side has anything left to do: half a second without a message, all answered."""

        def at_rest() -> bool:
            before = len(self.lab.sent)
            pause(self.lab.page, 500)
            quiet = len(self.lab.sent) == before and self.busy.is_hidden()
            if quiet:
                self.lab.python("")  # comes back when the kernel has done all that was asked before
                pause(self.lab.page, 50)
            return quiet and len(self.lab.sent) == before + 1 and self.lab.kernel_idle()

        self.lab.wait_until(at_rest, "the explorer comes to rest")

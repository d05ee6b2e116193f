"""One student: logs in, follows the link, waits for the server, gets the course, opens a lesson and runs its cells.

What a browser would send is sent, over HTTP and the kernel's websocket, and how long each step took is noted. What a
browser would draw is not drawn, and of JupyterLab's scripts those are fetched that its page names.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
from yarl import URL

from benchmarks.classroom import kernel, lessons
from benchmarks.classroom.hub import COURSE, Hub

SERVER_SECONDS = 600


class StepFailed(Exception):
    """A step of a student's way did not succeed; the message says what came instead."""


@dataclass
class Visit:
    """What one student met: seconds from the click on the link to the end of each step, and what failed."""

    name: str
    lesson: str
    arrived: float  # seconds after the class began
    after: dict[str, float] = field(default_factory=dict)
    cells: int = 0
    longest_cell: float = 0.0
    failure: str = ""


class Student:
    """Someone with a browser."""

    def __init__(self, hub: Hub, visit: Visit, notebook: str, pause: float) -> None:
        self.hub, self.visit, self.notebook = hub, visit, notebook
        self.pause, self.chance = pause, random.Random(visit.name)
        self.worked = asyncio.Event()
        self.user = f"{hub.address}/user/{visit.name}"

    async def attend(self, class_over: asyncio.Event) -> None:
        """The whole way; the notebook stays open, as a tab does, until the class is over."""
        await asyncio.sleep(self.visit.arrived)
        self._began = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=SERVER_SECONDS)
        jar = aiohttp.CookieJar(unsafe=True)  # the address is a number
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as self.browser:
            try:
                socket = await self.work()
            except StepFailed as error:
                self.visit.failure = str(error)
                return
            finally:
                self.worked.set()
            over = asyncio.create_task(class_over.wait())
            while not over.done() and not socket.closed:
                heard = asyncio.create_task(socket.receive())
                await asyncio.wait([over, heard], return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
            over.cancel()
            await socket.close()

    async def work(self) -> aiohttp.ClientWebSocketResponse:
        """From the link to the last cell; the connection to the kernel, still open.

        Raises:
            StepFailed: a step did not succeed.
        """
        with self.step("log in"):
            page = await self.log_in()
        with self.step("server"):
            page = await self.wait_for_server(page)
        with self.step("course"):
            await self.get_course(page)
        with self.step("page"):
            await self.open_page()
        with self.step("kernel"):
            socket, cells = await self.start_kernel()
        await self.run_cells(socket, cells)
        return socket

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Notes when a step was over, or what it failed of."""
        try:
            yield
        except (StepFailed, kernel.CellFailed, aiohttp.ClientError, OSError, LookupError, ValueError) as error:
            raise StepFailed(f"{name}: {type(error).__name__}: {error}"[:300]) from error
        self.visit.after[name] = time.monotonic() - self._began

    async def log_in(self) -> str:
        """Follow the link, be asked for name and password, give them; the page that comes then."""
        async with self.browser.get(self.hub.link(self.notebook)) as answer:
            form, text = answer.url, await answer.text()
        hidden = re.search(r'name="_xsrf"\s+value="([^"]+)"', text)
        if not hidden:
            raise StepFailed(f"no log-in page but {form.path}")
        given = {"username": self.visit.name, "password": self.hub.password, "_xsrf": hidden[1]}
        async with self.browser.post(form, data=given) as answer:
            return str(answer.url)

    async def wait_for_server(self, page: str) -> str:
        """Look at the waiting page until it leads on, as its script does; the page of nbgitpuller."""
        end = time.monotonic() + SERVER_SECONDS
        while "/hub/" in urlsplit(page).path:
            if time.monotonic() > end:
                raise StepFailed(f"not ready after {SERVER_SECONDS} s")
            await asyncio.sleep(1)
            async with self.browser.get(page) as answer:
                text, page = await answer.text(), str(answer.url)
                if answer.status >= 400:
                    told = re.sub(r"<[^>]+>|\s+", " ", text)
                    raise StepFailed(f"{answer.status} {re.sub(' +', ' ', told)[:200]}")
        return page

    async def get_course(self, page: str) -> None:
        """Have nbgitpuller clone the course, and read what it reports."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        wanted = {"repo": asked["repo"], "branch": asked["branch"], "targetpath": COURSE}
        async with self.browser.get(f"{self.user}/git-pull/api", params=wanted, headers=self.token()) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if not line.startswith(b"data: "):
                    continue
                told = json.loads(line.removeprefix(b"data: "))
                if told["phase"] == "error":
                    raise StepFailed(told["message"])
                if told["phase"] == "finished":
                    return
        raise StepFailed("nbgitpuller did not come to its end")

    async def open_page(self) -> None:
        """JupyterLab's page and the scripts and sheets that it names."""
        async with self.browser.get(f"{self.user}/lab/tree/{COURSE}/notebooks/{self.notebook}") as answer:
            answer.raise_for_status()
            page, text = str(answer.url), await answer.text()
        for address in set(re.findall(r'(?:src|href)="([^"]+\.(?:js|css)[^"]*)"', text)):
            async with self.browser.get(urljoin(page, address)) as answer:
                answer.raise_for_status()
                await answer.read()

    async def start_kernel(self) -> tuple[aiohttp.ClientWebSocketResponse, list[tuple[str, bool]]]:
        """Read the notebook, start its kernel and connect to it."""
        path = f"{COURSE}/notebooks/{self.notebook}"
        async with self.browser.get(f"{self.user}/api/contents/{path}", headers=self.token()) as answer:
            answer.raise_for_status()
            cells = lessons.cells_to_run((await answer.json())["content"])
        wanted = {"path": path, "name": self.notebook, "type": "notebook", "kernel": {"name": "python3"}}
        async with self.browser.post(f"{self.user}/api/sessions", json=wanted, headers=self.token()) as answer:
            answer.raise_for_status()
            number = (await answer.json())["kernel"]["id"]
        channels = f"{self.user}/api/kernels/{number}/channels?session_id={uuid.uuid4().hex}"
        socket = await self.browser.ws_connect(channels, max_msg_size=0, headers={"Origin": self.hub.address})
        return socket, cells

    async def run_cells(self, socket: aiohttp.ClientWebSocketResponse, cells: list[tuple[str, bool]]) -> None:
        """Run every code cell, with a pause before each but the first two: those only prepare."""
        for number, (code, may_raise) in enumerate(cells):
            if number > 1:
                await asyncio.sleep(self.pause * self.chance.uniform(0.5, 1.5))
            with self.step({0: "first cell", 1: "imports"}.get(number, f"cell {number + 1}")):
                seconds = await kernel.run(socket, code, may_raise=may_raise)
            self.visit.longest_cell = max(self.visit.longest_cell, seconds)
            self.visit.cells = number + 1
        self.visit.after["lesson"] = time.monotonic() - self._began

    def token(self) -> dict[str, str]:
        """The header that shows a request to come from the server's own page."""
        cookies = self.browser.cookie_jar.filter_cookies(URL(f"{self.user}/"))
        return {"X-XSRFToken": cookies["_xsrf"].value} if "_xsrf" in cookies else {}

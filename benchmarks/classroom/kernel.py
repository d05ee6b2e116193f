"""Cells over a kernel's websocket, as JupyterLab runs them."""

from __future__ import annotations

import asyncio
import time
import uuid

import aiohttp

CELL_SECONDS = 600


class CellFailed(Exception):
    """A cell raised, took too long, or its kernel went away."""


async def run(socket: aiohttp.ClientWebSocketResponse, code: str, *, may_raise: bool) -> float:
    """Run one cell; the seconds until its reply is there and the kernel says that it is idle again.

    Raises:
        CellFailed: it raised and may not, or took longer than CELL_SECONDS, or the connection ended.
    """
    began, number = time.monotonic(), uuid.uuid4().hex
    await socket.send_json(
        {
            "channel": "shell",
            "header": {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
            | {"username": "student", "session": uuid.uuid4().hex, "date": ""},
            "parent_header": {},
            "metadata": {},
            "content": {"code": code, "silent": False, "store_history": True}
            | {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True},
        }
    )
    try:
        async with asyncio.timeout(CELL_SECONDS):
            reply = await answer_to(number, socket)
    except TimeoutError:
        raise CellFailed(f"longer than {CELL_SECONDS} s") from None
    if reply["status"] != "ok" and not may_raise:
        raise CellFailed(f"{reply.get('ename', reply['status'])}: {reply.get('evalue', '')}"[:200])
    return time.monotonic() - began


async def answer_to(number: str, socket: aiohttp.ClientWebSocketResponse) -> dict:
    """The content of the reply to a request, once all that the cell printed has come."""
    reply, idle = None, False
    while reply is None or not idle:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise CellFailed(f"the connection to the kernel ended ({message.type.name})")
        told = message.json()
        if told["parent_header"].get("msg_id") != number:
            continue
        if told["header"]["msg_type"] == "execute_reply":
            reply = told["content"]
        elif told["header"]["msg_type"] == "status":
            idle = told["content"]["execution_state"] == "idle"
    return reply

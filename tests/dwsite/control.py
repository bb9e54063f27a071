"""Handle POST and GET /_control/..., by which a test controls the stand-in."""

from __future__ import annotations

import json

from aiohttp import web

from tests.dwsite.state import HOSTS, Down, Fault, State


async def handle(state: State, request: web.BaseRequest, command: str) -> web.Response:
    """Run the command and answer with JSON; an invalid command gets 400 and the reason."""
    try:
        text = await request.text()
        given = json.loads(text) if text else {}
        return web.json_response(_do(state, command, given))
    except (ValueError, TypeError, KeyError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


def _do(state: State, command: str, given: dict[str, object]) -> object:
    match command:
        case "requests":
            return state.requests
        case "forget":
            state.requests.clear()
        case "fault":
            state.faults.append(Fault(**given))  # type: ignore[arg-type]
        case "clear":
            state.faults.clear()
        case "edit":
            state.edit(dict(given))
        case "down":
            how, after = str(given.get("how", "503")), given.get("after", 0)
            if given["host"] not in HOSTS or how not in ("503", "close") or not isinstance(after, int):
                raise ValueError(f"down: {given}")
            state.down[str(given["host"])] = Down(how, after)
        case "up":
            state.down.pop(str(given["host"]), None)
        case "validators":
            on = bool(given.get("on", True))
            for name in ("etag", "last_modified"):
                state.validators[name] = on and bool(given.get(name, True))
        case "options":
            state.set_options(given)
        case "reset":
            state.reset()
        case _:
            raise ValueError(f"no such command: {command}")
    return {"ok": True}

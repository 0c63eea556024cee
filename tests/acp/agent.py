"""An agent that does as the test tells it, built on the protocol's own library for Python.

Its argument names what it does in its turn. It writes its mind into the folder `SIGNALS`.
"""

import asyncio
import os
import pathlib
import sys
import time

import acp
from acp import schema

RIGHT = 'def roman(number):\n    return {4: "IV"}.get(number, "I" * number)\n'
WRONG = 'def roman(number):\n    return "IIII"[:number]\n'


class Agent(acp.Agent):
    def __init__(self, does, signals):
        self.does = does
        self.signals = signals
        self.cancelled = asyncio.Event()

    def on_connect(self, client):
        self.client = client

    def note(self, name, text=""):
        (self.signals / name).write_text(text)

    async def say(self, text):
        await self.client.session_update(session_id="s1", update=acp.update_agent_message_text(text))

    async def initialize(self, protocol_version, client_capabilities=None, client_info=None, **_):
        self.note("capabilities", client_capabilities.model_dump_json())
        version = 7 if self.does == "other_version" else protocol_version
        return acp.InitializeResponse(protocol_version=version)

    async def new_session(self, cwd, mcp_servers=None, **_):
        self.note("cwd", f"{cwd}\n{os.getcwd()}")
        if self.does == "log_in":
            raise acp.RequestError.auth_required()
        return acp.NewSessionResponse(session_id="s1")

    async def prompt(self, session_id, prompt, **_):
        self.note("prompt", "".join(block.text for block in prompt))
        return await getattr(self, self.does)()

    async def cancel(self, session_id, **_):
        self.note("cancelled")
        self.cancelled.set()

    async def implements(self):
        call = acp.start_tool_call("1", "Edit roman.py", kind="edit")
        await self.client.session_update(session_id="s1", update=call)
        options = [
            schema.PermissionOption(option_id="yes", name="Yes", kind="allow_once"),
            schema.PermissionOption(option_id="no", name="No", kind="reject_once"),
        ]
        asked = schema.ToolCallUpdate(tool_call_id="1", title="Edit roman.py")
        answer = await self.client.request_permission(
            session_id="s1", tool_call=asked, options=options
        )
        self.note("permission", answer.outcome.model_dump_json(by_alias=True))
        if answer.outcome.option_id != "yes":
            await self.say("greenward: blocked: I may not edit")
            return acp.PromptResponse(stop_reason="end_turn")
        pathlib.Path("roman.py").write_text(RIGHT)
        used = schema.UsageUpdate(
            session_update="usage_update",
            used=1200,
            size=9000,
            cost=schema.Cost(amount=0.25, currency="USD"),
        )
        await self.client.session_update(session_id="s1", update=used)
        await self.say("I told ")
        await self.say("four apart.")
        return acp.PromptResponse(stop_reason="end_turn")

    async def errs(self):
        pathlib.Path("roman.py").write_text(WRONG)
        return acp.PromptResponse(stop_reason="end_turn")

    async def asks_for_files(self):
        try:
            await self.client.write_text_file(
                session_id="s1", path=str(self.signals / "written"), content="no"
            )
        except acp.RequestError as error:
            self.note("refused", str(error.code))
        return await self.implements()

    async def tampers(self):
        for path in (os.environ["USERS"] + "/roman.py", os.environ["USERS"] + "/test_roman.py"):
            try:
                pathlib.Path(path).write_text("")
            except OSError as error:
                self.note("tampered", str(error))
        pathlib.Path("test_roman.py").write_text("def test_four():\n    pass\n")
        return acp.PromptResponse(stop_reason="end_turn")

    async def declines(self):
        return acp.PromptResponse(stop_reason="refusal")

    async def takes_a_way_out(self):
        await self.say("I looked at it.\ngreenward: test_wrong: four is IIII on clocks")
        return acp.PromptResponse(stop_reason="end_turn")

    async def fails(self):
        raise acp.RequestError.internal_error({"model": "is not there"})

    async def dies(self):
        print("out of memory", file=sys.stderr, flush=True)
        os._exit(9)

    async def waits(self):
        self.note("waiting")
        await self.cancelled.wait()
        self.note("ended")
        return acp.PromptResponse(stop_reason="cancelled")

    async def floods(self):
        for number in range(20_000):
            call = acp.start_tool_call(str(number), f"Look at file {number}")
            await self.client.session_update(session_id="s1", update=call)
        return await self.implements()

    async def chats(self):
        sys.stdout.write("This is no message.\n[1, 2]\n{}\n")
        sys.stdout.flush()
        return await self.implements()


def main():
    does, signals = sys.argv[1], pathlib.Path(os.environ["SIGNALS"])
    if does == "is_no_agent":
        print("usage: something else")
        sys.exit(2)
    if does == "says_nothing":
        time.sleep(3600)
    asyncio.run(acp.run_agent(Agent(does, signals)))


main()

"""What model workers say, and what the server of their tests answers, held against the vendors' own
clients, which are generated from the published schemas.

Both sides are the recordings that the tests of `server/workers` use.
"""

import json
import pathlib

import pytest

# They need a newer Python than the rest of the tests.
anthropic = pytest.importorskip("anthropic")
openai = pytest.importorskip("openai")
httpx2 = pytest.importorskip("httpx2")

from anthropic.types.message_create_params import MessageCreateParamsStreaming  # noqa: E402
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming  # noqa: E402
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming  # noqa: E402
from pydantic import BaseModel, TypeAdapter  # noqa: E402

RECORDINGS = pathlib.Path(__file__).resolve().parents[2] / "server/workers/src/model/tests"


def request(name):
    return json.loads((RECORDINGS / f"{name}.request.json").read_text())


def client(vendor, api):
    """The vendor's client, whose every request is answered by a recorded stream."""
    stream = (RECORDINGS / f"{api}.sse").read_bytes()
    headers = {"content-type": "text/event-stream"}
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=stream))
    return vendor(api_key="none", max_retries=0, http_client=httpx2.Client(transport=answer))


def unknown(value, place=""):
    """The places of what stands in a model and not in its schema."""
    if isinstance(value, BaseModel):
        yield from (f"{place}.{name}" for name in value.model_extra or {})
        for name in value.model_fields_set:
            yield from unknown(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, (list, tuple)):
        for at, item in enumerate(value):
            yield from unknown(item, f"{place}[{at}]")


@pytest.mark.parametrize(
    "name, schema",
    [
        ("chat", CompletionCreateParamsStreaming),
        ("chat_openai", CompletionCreateParamsStreaming),
        ("responses", ResponseCreateParamsStreaming),
        ("messages", MessageCreateParamsStreaming),
    ],
)
def test_a_request_is_one_of_its_api(name, schema):
    body = request(name)
    known = TypeAdapter(schema)
    # What the schema does not know is not in what it makes of it.
    assert known.dump_python(known.validate_python(body), mode="json") == body


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_each_event_of_the_recorded_answer_is_one_of_its_api(api):
    for event in events(api):
        # The client itself takes whatever comes.
        said = event.to_dict(mode="json", exclude_unset=True)
        assert list(unknown(type(event).model_validate(said))) == [], said


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_the_vendors_client_hears_what_the_worker_hears(api):
    assert HEARD[api](events(api)) == ("Grüß dich\n", 110, 7)


def events(api):
    """The events of a recorded answer, as the vendor's client decodes them."""
    body = request(api)
    if api == "chat":
        stream = client(openai.OpenAI, api).chat.completions.create(**body)
    elif api == "responses":
        stream = client(openai.OpenAI, api).responses.create(**body)
    else:
        stream = client(anthropic.Anthropic, api).messages.create(**body)
    events = list(stream)
    assert events
    return events


def heard_in_chat(events):
    text = "".join(choice.delta.content or "" for event in events for choice in event.choices)
    usage = events[-1].usage
    return text, usage.prompt_tokens, usage.completion_tokens


def heard_in_responses(events):
    response = events[-1].response
    assert events[-1].type == "response.completed"
    return response.output_text, response.usage.input_tokens, response.usage.output_tokens


def heard_in_messages(events):
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    started = events[0].message.usage
    [ended] = [event.usage for event in events if event.type == "message_delta"]
    read = started.input_tokens + started.cache_read_input_tokens
    return text, read, ended.output_tokens


HEARD = {"chat": heard_in_chat, "responses": heard_in_responses, "messages": heard_in_messages}

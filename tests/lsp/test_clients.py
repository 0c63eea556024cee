"""The daemon under an independent client, with what real editors say that they can do."""

import asyncio

import pytest
from lsprotocol import types
from pytest_lsp import ClientServerConfig, client_capabilities, make_test_lsp_client

# Long enough for two busy cores that build a package; a limit, not a measure.
LIMIT = 120

EDITORS = ["neovim", "visual_studio_code", "emacs"]


async def until(state):
    """Waits until `state()` gives something true, and returns it."""

    async def look():
        while not (found := state()):
            await asyncio.sleep(0.02)
        return found

    return await asyncio.wait_for(look(), LIMIT)


@pytest.mark.parametrize("editor", EDITORS)
@pytest.mark.asyncio
async def test_open_run_and_mend(editor, binary, project, environment):
    config = ClientServerConfig(
        server_command=[str(binary), "lsp"],
        client_factory=make_test_lsp_client,
        server_env=environment,
    )
    client = await config.start()
    root = project.as_uri()
    uri = (project / "src" / "lib.rs").as_uri()
    wrong = (project / "src" / "lib.rs").read_text()

    result = await client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(editor),
            root_uri=root,
            workspace_folders=[types.WorkspaceFolder(uri=root, name="double")],
            initialization_options={"workspaceTrust": True},
        )
    )
    assert result.capabilities.text_document_sync is not None
    assert "greenward.runFile" in result.capabilities.execute_command_provider.commands

    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            text_document=types.TextDocumentItem(
                uri=uri, language_id="rust", version=1, text=wrong
            )
        )
    )
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command="greenward.runFile", arguments=[uri])
    )
    [diagnostic] = await until(lambda: client.diagnostics.get(uri))
    assert diagnostic.source == "greenward"
    assert diagnostic.range.start.line == 6
    assert "5" in diagnostic.message and "6" in diagnostic.message

    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=uri),
            range=diagnostic.range,
            context=types.CodeActionContext(diagnostics=[diagnostic]),
        )
    )
    assert actions, "a failing test offers to run again"

    right = wrong.replace("x + 2", "x * 2")
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=2),
            content_changes=[types.TextDocumentContentChangeWholeDocument(text=right)],
        )
    )
    (project / "src" / "lib.rs").write_text(right)
    client.text_document_did_save(
        types.DidSaveTextDocumentParams(
            text_document=types.TextDocumentIdentifier(uri=uri)
        )
    )
    await until(lambda: not client.diagnostics[uri])

    await client.shutdown_session()
    assert client._server.returncode == 0

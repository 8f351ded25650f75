"""MCP server: a door for agents to an emulator, to the contracts and to the harness. Needs `seedmock[mcp]`."""

KEY_VARIABLE = "SEEDMOCK_API_KEY"
MOCK_KEY = "sk_mock_agent"

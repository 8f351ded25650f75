"""MCP server: a door for agents to an emulator, to the contracts and to the harness. Needs `seedmock[mcp]`."""

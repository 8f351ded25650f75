#!/usr/bin/env bash
# openapi-python-client: an optional JSON body whose schema is a union gets a client that is not valid Python.
#
# One would expect: `requestBody` without `required: true`, and `oneOf` in its schema, is generated as any other body.
# What happens:     the generated module has an `else:` without an `if`, ruff refuses it, and no client is written.
#                   With `required: true`, or a schema without `oneOf`, the same document is generated.
# Versions:         openapi-python-client 0.29.1, Python 3.11. Looked at on 2026-11-30.
# Why it matters:   `POST /_mock/clock` takes exactly one of several fields, so that its body is such a union. seedmock's
#                   document marks it as required, which it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "openapi-python-client==0.29.1"
document() {  # required
  cat <<JSON
{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/clock": {"post": {
  "operationId": "post_clock",
  "requestBody": {"required": $1, "content": {"application/json": {"schema": {"\$ref": "#/components/schemas/Change"}}}},
  "responses": {"200": {"description": "ok"}}}}},
 "components": {"schemas": {"Change": {"type": "object",
  "properties": {"advance": {"type": "number"}, "freeze": {"type": "boolean"}},
  "oneOf": [{"required": ["advance"]}, {"required": ["freeze"]}]}}}}
JSON
}
generate() {
  document "$1" >"$folder/api.json"
  rm -rf "$folder/client"
  "$folder/venv/bin/openapi-python-client" generate --path "$folder/api.json" --output-path "$folder/client" --meta none \
    >"$folder/output" 2>&1
}
export PATH="$folder/venv/bin:$PATH"
"$folder/venv/bin/openapi-python-client" --version
generate true || { cat "$folder/output"; echo "changed: a required body fails too"; exit 1; }
echo "required: true   generated"
if generate false; then echo "changed: an optional body is generated, too"; exit 1; fi
grep -m1 "Failed to parse" "$folder/output"
echo "required: false  no client"

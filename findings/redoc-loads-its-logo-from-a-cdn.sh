#!/usr/bin/env bash
# Redoc: the bundle for offline use loads a picture from cdn.redoc.ly whenever a page is drawn.
#
# One would expect: `redoc.standalone.js`, served from one's own host, makes no request to another one.
# What happens:     below the menu it draws `<img src="https://cdn.redoc.ly/redoc/logo-mini.svg">`. There is no option
#                   against it: a page behind a Content-Security-Policy has an error in its console, and one without a
#                   policy tells a third party about each visitor.
# Versions:         redoc 2.5.4. Looked at on 2026-11-30.
# Why it matters:   `GET /_mock/docs` shows the OpenAPI documents with a vendored Redoc. seedmock promises that nothing is
#                   fetched from elsewhere, so its copy has an empty picture in that place.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm pack --silent "redoc@2.5.4" >/dev/null
tar -xzf redoc-2.5.4.tgz
echo "redoc $(node -p 'require("./package/package.json").version')"
if ! grep -o 'src:"https://cdn.redoc.ly/[^"]*"' package/bundles/redoc.standalone.js; then
  echo "changed: no address of cdn.redoc.ly in the bundle"
  exit 1
fi

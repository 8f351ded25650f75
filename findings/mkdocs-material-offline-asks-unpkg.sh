#!/usr/bin/env bash
# mkdocs-material: the plugin "offline" makes pages that need the network, and have no search without it.
#
# One would expect: a site that is built with the plugin `offline` works from the disk, search included, where there is no network.
# What happens:     each page loads https://unpkg.com/iframe-worker/shim. Without it the search of pages from the disk
#                   does not start, and its field is hidden; with it every reader asks that server. Only the plugin
#                   `privacy`, which has to reach the network when the site is built, brings the script into the site.
# Versions:         mkdocs-material 9.8.2, mkdocs 1.6.1. Looked at on 2026-11-30.
# Why it matters:   `build --strict` passes, and the author, who has a network, sees a search. A file of one's own as
#                   `extra.polyfills: [javascripts/iframe-worker.js]` mends it: the name must contain "iframe-worker".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check mkdocs==1.6.1 mkdocs-material==9.8.2 click==8.1.8
mkdir -p docs/javascripts
echo '# Page' >docs/index.md
echo '/* the shim */' >docs/javascripts/iframe-worker.js
printf 'site_name: x\ntheme: {name: material, font: false}\nplugins: [offline, search]\n' >mkdocs.yml

scripts() { grep -o '<script src="[^"]*iframe-worker[^"]*"' site/index.html; }
NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
asked=$(scripts)
echo 'extra: {polyfills: [javascripts/iframe-worker.js]}' >>mkdocs.yml
NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
mended=$(scripts)
.venv/bin/pip list 2>/dev/null | grep -i "^mkdocs"
echo "with the plugin alone:   $asked"
echo "with extra.polyfills:    $mended"
[[ $asked == *https://unpkg.com/* && $mended != *https://* ]]

#!/usr/bin/env bash
# mkdocs: --quiet switches --strict off.
#
# One would expect: `mkdocs build --strict --quiet` prints less, and still ends with an error if a page has a warning, such as
#                   a link to a heading that does not exist.
# What happens:     it ends with 0. --quiet raises the level of the logger to ERROR, so that warnings never reach the
#                   handler that counts them for --strict.
# Versions:         mkdocs 1.6.1. Looked at on 2026-11-29.
# Why it matters:   --quiet is an obvious choice for CI, and every broken link passes there. It was so in seedmock's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check mkdocs==1.6.1 click==8.1.8
mkdir docs
printf 'site_name: x\nvalidation: {links: {anchors: warn}}\n' >mkdocs.yml
printf '# Page\n\n[gone](#gone)\n' >docs/index.md

code() { "$@" >output.txt 2>&1 && echo 0 || echo $?; }
strict=$(code .venv/bin/mkdocs build --strict)
grep -i "warning" output.txt
quiet=$(code .venv/bin/mkdocs build --strict --quiet)
.venv/bin/mkdocs --version
echo "exit code of build --strict:         $strict"
echo "exit code of build --strict --quiet: $quiet"
[[ $strict == 1 && $quiet == 0 ]]

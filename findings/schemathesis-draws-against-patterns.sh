#!/usr/bin/env bash
# Schemathesis: valid data that breaks the pattern of its schema.
#
# One would expect: data that are drawn as valid match each `pattern`. Patterns of OpenAPI 3.1 are of ECMA-262 with the
#                   flag u, which has \p{Lu}, and escapes of surrogates in a range.
# What happens:     `^[^\ud800-\uf8ff]{3}$` is dropped without a word, so that strings of any length are drawn, and
#                   `^\p{Lu}{3}$` gives small letters as well.
# Versions:         schemathesis 4.32.5, hypothesis 6.170.17. Looked at on 2026-11-30.
# Why it matters:   the check that what a document allows is not refused (positive_data_acceptance) then accuses an API
#                   that keeps its own document. Such patterns are how a document excludes characters from prompts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check schemathesis==4.32.5 hypothesis==6.170.17
cat >trial.py <<'PY'
import sys
import unicodedata
from importlib.metadata import version

import schemathesis
from hypothesis import given, settings


def draw(pattern: str) -> list[str]:
    body = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "pattern": pattern}}}
    content = {"application/json": {"schema": body}}
    operation = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": "ok"}}}
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a": {"post": operation}}}
    texts = []

    @settings(max_examples=100, database=None, derandomize=True)
    @given(case=schemathesis.openapi.from_dict(document)["/a"]["POST"].as_strategy())
    def run(case: schemathesis.Case) -> None:
        texts.append(case.body["text"])

    run()
    return texts


def are_capitals(text: str) -> bool:
    return len(text) == 3 and all(unicodedata.category(letter) == "Lu" for letter in text)


print("schemathesis", version("schemathesis"), "hypothesis", version("hypothesis"))
wrong = {
    r"^[A-F]{3}$": [text for text in draw(r"^[A-F]{3}$") if len(text) != 3 or set(text) - set("ABCDEF")],
    r"^[^\ud800-\uf8ff]{3}$": [text for text in draw(r"^[^\ud800-\uf8ff]{3}$") if len(text) != 3],
    r"^\p{Lu}{3}$": [text for text in draw(r"^\p{Lu}{3}$") if not are_capitals(text)],
}
for pattern, texts in wrong.items():
    print(f"{pattern}: {len(texts)} of 100 do not match: {ascii(texts[:4])}")
sys.exit([bool(texts) for texts in wrong.values()] != [False, True, True])
PY
.venv/bin/python trial.py

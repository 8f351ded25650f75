"""Command `seedmock openapi`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from seedmock_contracts.upstreams import NAMES

CONTROL = "control"


@click.command()
@click.argument("name", type=click.Choice([*NAMES, CONTROL]))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="Write to this file.  [default: standard output]",
)
@click.option("--server", "servers", multiple=True, metavar="URL", help="List this base URL first; repeatable.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="ID=OPTION",
    help="Describe a behaviour that the documentation leaves open by this option; repeatable.",
)
def openapi(name: str, output: Path, servers: tuple[str, ...], variants: tuple[str, ...]) -> None:
    """Write an upstream's API as an OpenAPI 3.1 document, made from its contract; NAME control is /_mock/'s own."""
    from ..settings import InvalidSetting, parse_settings, parse_variants

    try:
        options = parse_settings({"variants": parse_variants(variants)}).variant_options
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from error
    text = json.dumps(_document(name, options, servers), indent=2, ensure_ascii=False) + "\n"
    try:
        with click.open_file(str(output), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}; choose another file with -o") from error


def _document(name: str, options: Any, servers: tuple[str, ...]) -> dict[str, Any]:
    if name == CONTROL:
        from ..control.app import ENDPOINTS
        from ..control.openapi import openapi_document

        return openapi_document(ENDPOINTS)
    from ..control.upstream_documents import upstream_document

    return upstream_document(name, options, servers)

"""Command `seedmock docs`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("topic", required=False, default="index")
@click.option("--print", "only_print", is_flag=True, help="Print the page's address instead of opening it.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the site to this folder.  [default: the user's cache folder]",
)
def docs(topic: str, only_print: bool, out: Path | None) -> None:
    """Open the documentation of this version in the browser: `seedmock docs pytest`. Needs no network.

    TOPIC is the name of a page (faults, guides/ci), of a heading, or both: pytest#hard-wired-hosts. Without a browser
    the address is printed.
    """
    from seedmock_contracts import __version__

    from .pages import UnknownTopic, find_topic, load_pages
    from .site import build_site, default_site_folder, html_path

    pages = load_pages()
    try:
        page, anchor = find_topic(pages, topic)
        first = build_site(pages, out or default_site_folder(__version__))
    except UnknownTopic as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        message = f"cannot write {error.filename}: {error.strerror}; choose another folder with --out"
        raise click.ClickException(message) from error
    address = (first.parent / html_path(page.path)).resolve().as_uri() + (f"#{anchor}" if anchor else "")
    if only_print or not _open(address):
        click.echo(address)


def _open(address: str) -> bool:
    """Open an address in the user's browser; False if there is none."""
    import webbrowser

    return webbrowser.open(address)

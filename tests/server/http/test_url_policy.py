"""URL policy: hosts that are private by their name or address, without DNS."""

import pytest

from seedmock_contracts.documents.hosts import is_private_url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/cat.png",
        "https://127.0.0.1:8000",
        "http://127.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1:90/",
        "http://0x7F000001/",
        "http://0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1./",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://240.0.0.1/",
    ],
)
def test_an_internal_ipv4_address_is_private_in_every_spelling(url: str) -> None:
    assert is_private_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1%25eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_an_internal_ipv6_address_is_private_with_an_embedded_ipv4_address_too(host: str) -> None:
    assert is_private_url(f"http://[{host}]:8080/cat.png")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "a.localhost", "localhost.", "printer.local", "db.internal", "x.home.arpa"]
)
def test_a_name_of_internal_networks_is_private(host: str) -> None:
    assert is_private_url(f"https://{host}:3000/cat.png")


@pytest.mark.parametrize(
    "url",
    [
        "http://127%2e0%2e0%2e1/",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:80@localhost/",
        "  HTTP://127.0.0.1/",
    ],
)
def test_a_disguised_internal_host_is_private(url: str) -> None:
    assert is_private_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png",
        "https://8.8.8.8/cat.png",
        "http://134744072/",
        "http://[2606:4700::1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[64:ff9b::808:808]/",
        "http://[2002:808:808::]/",
        "https://localhost.example.com/",
        "https://notlocalhost/",
        "https://127.0.0.1.example.com/",
        "https://example.com/http://127.0.0.1/",
        "https://127.0.0.1@example.com/",
        "http://1.2.3.4.5/",
        "http://8.8.8.256/",
        "http://8.8.8.08/",
        "http://8.8.²/",
        "http://1_27.0.0.1/",
        "http://+127.0.0.1/",
        "http://127.0.0.1.0/",
        "http://10.256.1/",
        "http://10.0.0.256/",
        "http://4294967296/",
    ],
)
def test_a_public_host_is_not_private(url: str) -> None:
    assert not is_private_url(url)


@pytest.mark.parametrize(
    "url", ["", "cat.png", "http://", "http://[", "http://[::1", "asset://2130706433", "data:,127.0.0.1", "file:///etc"]
)
def test_a_url_without_a_web_host_is_not_private(url: str) -> None:
    assert not is_private_url(url)

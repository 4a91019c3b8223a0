"""The environment's proxies lead where they are wanted, and never to this machine or a network of one's own."""

from __future__ import annotations

import pytest

from r1plan.engine.proxy import proxy_of, shown_proxy

P = "http://proxy:3128"
FAR, FAR_TLS = "http://api.example.com/v1", "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        (FAR, {}, None),
        (FAR, {"http_proxy": P}, P),
        (FAR, {"HTTP_PROXY": P}, P),
        (FAR, {"Http_Proxy": P}, P),
        (FAR, {"https_proxy": P}, None),
        (FAR_TLS, {"https_proxy": P}, P),
        (FAR_TLS, {"http_proxy": P}, None),
        (FAR, {"all_proxy": P}, P),
        (FAR_TLS, {"ALL_PROXY": P}, P),
        (FAR, {"all_proxy": "http://other", "http_proxy": P}, P),
        (FAR, {"HTTP_PROXY": "http://other", "http_proxy": P}, P),
        (FAR, {"http_proxy": "", "HTTP_PROXY": P}, None),
        (FAR, {"HTTP_PROXY": ""}, None),
        (FAR, {"HTTP_PROXY": "  "}, None),
        (FAR, {"http_proxy": "proxy:3128"}, P),
        (FAR, {"http_proxy": "socks5://proxy:1"}, "socks5://proxy:1"),
        (FAR, {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, None),
        (FAR, {"http_proxy": P, "REQUEST_METHOD": "GET"}, P),
        (FAR, {"TRAVIS_APT_PROXY": P, "proxy": P, "no_proxy": ""}, None),
    ],
)
def test_the_proxy_is_the_environments(url: str, environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_of(url, environ) == proxy


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "127.1", "localhost", "[::1]:8080", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.1.5:8000",
     "172.20.0.1", "169.254.1.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "nas.local", "0.0.0.0:8000"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_what_is_near_goes_through_none(host: str, scheme: str, name: str) -> None:
    assert proxy_of(f"{scheme}://{host}/v1", {name: P}) is None


@pytest.mark.parametrize(
    ("entry", "url", "keeps"),
    [
        ("*", FAR, True),
        ("other.com, *", FAR, True),
        ("example.com", FAR, True),
        (".example.com", FAR, True),
        ("*.example.com", FAR, True),
        ("API.Example.COM", FAR, True),
        ("api.example.com.", FAR, True),
        ("example.com:80", FAR, True),
        ("example.com:443", FAR, False),
        ("example.com:443", FAR_TLS, True),
        ("ample.com", FAR, False),
        ("pi.example.com", FAR, False),
        ("example.com.evil", FAR, False),
        ("other.com api.example.com", FAR, True),
        (",,", FAR, False),
        (".", FAR, False),
        ("http://example.com", FAR, True),
        ("https://example.com", FAR, False),
        ("8.8.8.8", "http://8.8.8.8/", True),
        ("8.8.8.8:81", "http://8.8.8.8/", False),
        ("8.8.0.0/16", "http://8.8.8.8/", True),
        ("8.8.8.8/24", "http://8.8.8.9/", True),
        ("8.9.0.0/16", "http://8.8.8.8/", False),
        ("8.8.8.8/99", "http://8.8.8.8/", False),
        ("8.8.0.0/16", FAR, False),
        ("2001:db8::/32", "http://[2001:db8::1]:8080/", True),
        ("[2001:db8::1]", "http://[2001:DB8:0::1]:8080/", True),
        ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080/", True),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:8080/", False),
        ("2001:db8::1", "http://[2001:db8::1]/", True),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_every_spelling_of_no_proxy_holds(entry: str, url: str, keeps: bool, name: str) -> None:
    assert (proxy_of(url, {"all_proxy": P, name: entry}) is None) is keeps


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        (P, P),
        ("http://me:hunter2@proxy:3128/", P),
        ("me:hunter2@proxy:3128", "proxy:3128"),
        ("http://a@b@c", "http://c"),
    ],
)
def test_a_proxy_is_shown_without_its_password(proxy: str, shown: str) -> None:
    assert shown_proxy(proxy) == shown

"""A host is on this machine, or near it, by its own letters alone."""

from __future__ import annotations

import pytest

from r1plan.hosts import is_near, is_this_machine

HERE = ["127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f.1", "0177.0.0.1", "::1", "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1", "localhost", "LocalHost", "localhost."]  # fmt: skip
NEAR = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.5", "169.254.1.1", "100.64.0.1", "100.127.255.255",
        "fe80::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "0.0.0.0", "::", "nas.local", "a.localhost",
        "router.home.arpa", "gpu.internal", "192.168.261", "0xc0a80105", "１２７.0.0.1", "127。0。0。1"]  # fmt: skip
FAR = ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.1.1", "11.0.0.1", "128.0.0.1",
       "2001:db8::1", "::ffff:8.8.8.8", "local", "localhost.evil.com", "127.0.0.1.evil.com", "evil-localhost",
       "mylocal", "127.0.0.256", "127.0.0.1.1", "08.0.0.1", "example.com", "localhosts", "0x7g.1"]  # fmt: skip


@pytest.mark.parametrize("host", HERE)
def test_what_is_loopback_by_its_letters_is_this_machine_and_near(host: str) -> None:
    assert is_this_machine(host)
    assert is_near(host)


@pytest.mark.parametrize("host", NEAR)
def test_what_is_in_a_network_of_ones_own_is_near_and_not_this_machine(host: str) -> None:
    assert is_near(host)
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", [*FAR, "ⓛocalhost", "localhoſt", "::1%eth0"])
def test_what_is_neither_is_not_this_machine(host: str) -> None:
    assert not is_this_machine(host)
    assert host not in FAR or not is_near(host)

"""With ATRIUM_DEBUG off the server does not start unless it would be safe."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from atrium.production import THROWAWAY_KEY, refuse_hasty, refuse_unsafe
from tests.subprocesses import ROOT, STRONG_KEY, clean_environment

SAFE = {"debug": False, "secret_key": STRONG_KEY, "allowed_hosts": [".example.org"], "public_host": "example.org"}


def test_it_starts_with_a_strong_key_and_named_hosts():
    refuse_unsafe(**SAFE)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="missing"),
        pytest.param(STRONG_KEY[:49], id="short"),
        pytest.param("ab" * 40, id="few different characters"),
        pytest.param(THROWAWAY_KEY, id="the throw-away one of developer mode"),
    ],
)
def test_it_refuses_a_weak_key_without_repeating_it(key):
    with pytest.raises(ImproperlyConfigured, match=r"^ATRIUM_SECRET_KEY is missing or weak") as refusal:
        refuse_unsafe(**{**SAFE, "secret_key": key})
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize(("allowed_hosts", "public_host"), [([], "example.org"), ([".example.org"], ""), ([], "")])
def test_it_refuses_to_serve_no_hosts(allowed_hosts, public_host):
    with pytest.raises(ImproperlyConfigured, match=r"ATRIUM_PUBLIC_HOST and ATRIUM_ALLOWED_HOSTS are needed"):
        refuse_unsafe(**{**SAFE, "allowed_hosts": allowed_hosts, "public_host": public_host})


@pytest.mark.parametrize("allowed_hosts", [["*"], ["example.org", "*"]])
def test_it_refuses_to_serve_any_host(allowed_hosts):
    with pytest.raises(ImproperlyConfigured, match=r"ATRIUM_ALLOWED_HOSTS must name hosts"):
        refuse_unsafe(**{**SAFE, "allowed_hosts": allowed_hosts})


def test_developer_mode_may_do_as_it_likes():
    refuse_unsafe(debug=True, secret_key="", allowed_hosts=["*"], public_host="")


HOSTS = {"ATRIUM_PUBLIC_HOST": "example.org", "ATRIUM_ALLOWED_HOSTS": ".example.org"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "ATRIUM_SECRET_KEY is missing or weak"),
        ({**HOSTS, "ATRIUM_SECRET_KEY": "hunter2"}, "ATRIUM_SECRET_KEY is missing or weak"),
        ({"ATRIUM_SECRET_KEY": STRONG_KEY}, "ATRIUM_PUBLIC_HOST and ATRIUM_ALLOWED_HOSTS are needed"),
        ({**HOSTS, "ATRIUM_SECRET_KEY": STRONG_KEY, "ATRIUM_ALLOWED_HOSTS": "*"}, "ATRIUM_ALLOWED_HOSTS must name"),
        ({**HOSTS, "ATRIUM_SECRET_KEY": STRONG_KEY, "ATRIUM_DATABASE_POOL_MAX": "many"}, "ATRIUM_DATABASE_POOL_MAX: "),
    ],
    ids=["no key", "weak key", "no hosts", "any host", "unreadable number"],
)
@pytest.mark.parametrize("entry", [["manage.py", "worker"], ["-m", "uvicorn", "atrium.asgi:application"]], ids=" ".join)
def test_a_start_that_is_not_safe_ends_with_what_to_do(entry, environment, said):
    done = subprocess.run(
        [sys.executable, *entry],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    last_line = done.stderr.strip().splitlines()[-1]
    assert said in last_line
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(("every", "dead_after"), [(3.0, 12.0), (3.0, 6.0), (0.5, 1.0)])
def test_it_starts_where_a_process_may_miss_a_heartbeat(every, dead_after):
    refuse_hasty(every=every, dead_after=dead_after)


@pytest.mark.parametrize(("every", "dead_after"), [(3.0, 5.9), (3.0, 0.0), (0.0, 12.0), (0.0, 0.0)])
def test_it_refuses_to_hold_a_process_for_dead_that_missed_one(every, dead_after):
    with pytest.raises(ImproperlyConfigured, match="ATRIUM_DEAD_AFTER"):
        refuse_hasty(every=every, dead_after=dead_after)

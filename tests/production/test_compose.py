"""What can be said of the image and the compose file on a machine without an engine."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest
from gunicorn.workers.gthread import ThreadWorker

from tests.environment import names_of_settings
from tests.production.compose import ROOT, compose, interpolated
from tests.production.market import niceness

SECRETS = {"SECRET_KEY": "s" * 60, "POSTGRES_PASSWORD": "p4ssword"}
OURS = ["migrate", "web", "sockets", "worker", "beat"]
# Read by the images of others, not by our settings.
OF_OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


@pytest.fixture(scope="module")
def file():
    return compose(SECRETS)


def dockerfile(instruction: str) -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{instruction} +(.+)$", text, flags=re.MULTILINE)


def test_the_promised_services_and_no_others(file):
    promised = {"postgres", "redis", "web", "sockets", "worker", "beat", "proxy"}
    assert set(file["services"]) == promised | {"migrate"}


@pytest.mark.parametrize("secret", SECRETS)
def test_it_does_not_start_without_its_secrets(secret):
    with pytest.raises(LookupError, match=secret):
        compose({name: text for name, text in SECRETS.items() if name != secret})


def test_no_secret_is_written_down():
    text = (ROOT / "docker-compose.yml").read_text() + (ROOT / "Dockerfile").read_text()
    written = re.findall(r"(?:PASSWORD|SECRET|KEY)\w*[=:] *([^\s$?]\S*)", text)
    assert set(written) <= {"…"}


@pytest.mark.parametrize("name", OURS)
def test_every_program_and_module_of_a_command_exists(file, name):
    program, *arguments = file["services"][name]["command"]
    modules = {
        "gunicorn": lambda: arguments[0],
        "uvicorn": lambda: arguments[0].partition(":")[0],
        "celery": lambda: arguments[0].removeprefix("--app="),
        "python": lambda: "manage",
    }

    assert (Path(sys.executable).parent / program).exists()
    assert importlib.util.find_spec(modules[program]())


def test_gunicorn_is_told_of_a_worker_that_exists(file):
    (option,) = [word for word in file["services"]["web"]["command"] if "worker-class" in word]
    module, _, name = option.partition("=")[2].rpartition(".")

    assert issubclass(getattr(importlib.import_module(module), name), ThreadWorker)


def test_the_worker_alone_yields_to_what_somebody_waits_for(file):
    shares = {name: service.get("cpu_shares") for name, service in file["services"].items()}
    assert {name for name, share in shares.items() if share} == {"worker"}

    # And so do its processes where no container makes it so.
    assert (niceness(shares["worker"]), niceness(1024)) == (5, 0)


def test_all_our_processes_are_one_image_and_wait_for_the_migration(file):
    for name in OURS:
        service = file["services"][name]
        assert (service["image"], service["build"]) == ("marketflow", ".")
        if name != "migrate":
            waited_for = service["depends_on"]["migrate"]["condition"]
            assert waited_for == "service_completed_successfully"


@pytest.mark.parametrize("name", OURS)
def test_a_process_can_do_no_more_than_it_must(file, name):
    service = file["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "ports" not in service


def test_only_the_proxy_is_reachable_from_outside(file):
    assert [name for name, service in file["services"].items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "sockets", "worker", "proxy"])
def test_every_server_is_asked_for_its_health(file, name):
    service = file["services"][name]
    of_the_image = dockerfile("HEALTHCHECK") if service.get("build") else []
    assert service.get("healthcheck", {}).get("test") or of_the_image


def test_there_is_one_beat(file):
    assert "deploy" not in file["services"]["beat"]
    assert sum("beat" in service.get("command", []) for service in file["services"].values()) == 1


def test_every_variable_is_in_the_example(file):
    given = {name for s in file["services"].values() for name in s.get("environment", {})}
    in_the_image = {
        word.partition("=")[0] for line in dockerfile("ENV") for word in shlex.split(line)
    }
    of_python = {name for name in in_the_image if name.startswith(("PYTHON", "PIP_"))}
    of_python |= {"PATH", "DJANGO_SETTINGS_MODULE"}

    unknown = (given | in_the_image | interpolated()) - of_python - OF_OTHERS
    assert unknown <= names_of_settings()


def test_the_proxy_sends_sockets_and_pages_where_they_belong(file):
    config = file["configs"]["caddyfile"]["content"]
    for path, target in {"/ws/*": "sockets:8001", "": "web:8000"}.items():
        assert re.search(rf"handle {re.escape(path)} ?{{\s+reverse_proxy {target}\s", config)
    assert "--bind=0.0.0.0:8000" in file["services"]["web"]["command"]
    assert "--port=8001" in file["services"]["sockets"]["command"]


def test_the_proxy_sees_pictures_and_nothing_private(file):
    mounted = {volume.split(":")[0] for volume in file["services"]["proxy"]["volumes"]}
    assert mounted == {"media", "caddy"}
    assert "media:/var/lib/marketflow/media" in file["services"]["web"]["volumes"]


def test_every_named_volume_and_config_is_declared(file):
    used = {
        volume.split(":")[0] for s in file["services"].values() for volume in s.get("volumes", [])
    }
    assert used == set(file["volumes"])
    assert {c["source"] for c in file["services"]["proxy"]["configs"]} == set(file["configs"])


def test_the_image_copies_what_is_there_and_what_the_ignore_file_lets_in():
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {line.split()[0] for line in dockerfile("COPY") if "--from" not in line}

    assert {name for name in copied if not (ROOT / name).exists()} == set()
    assert copied == let_in


def test_every_app_is_in_the_image(settings):
    ours = {app.partition(".")[0] for app in settings.INSTALLED_APPS}
    ours = {app for app in ours if (ROOT / app / "__init__.py").exists()}
    assert ours <= {line.split()[0] for line in dockerfile("COPY")}


def test_the_image_is_pinned_and_runs_as_nobody_in_particular():
    installs = [line for line in dockerfile("RUN") if "pip install" in line]
    assert all("--require-hashes" in line for line in installs)
    assert all(re.fullmatch(r"python:3\.\d+-\S+( AS \w+)?", line) for line in dockerfile("FROM"))
    assert dockerfile("USER") == ["marketflow"]

"""Pipelines, container file and manifests: well-formed by a schema, each command line one that is taken."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from tests.processes import ROOT, environment, pwdload

from pwdload.cli import app
from pwdload.passwords import SECRET_VARIABLE
from pwdload.run.starting import Extra, lay_down

KIT = ROOT / "src" / "pwdload" / "starter"
KUBERNETES = sorted((KIT / "deploy" / "kubernetes").glob("*.yaml"))
SCHEMAS = Path(__file__).parent / "schemas"
SECRETS = re.compile(r"RUN_SECRET|CLIENT_SECRET|PASSWORD|TOKEN", re.IGNORECASE)

Document = Mapping[str, Any]


def documents(path: Path) -> list[Document]:
    """Return the documents of a YAML file."""
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


def github() -> Document:
    """Return the workflow; `on` is true in YAML 1.1, which GitHub does not go by."""
    document: Mapping[object, Any] = yaml.safe_load((KIT / "ci" / "github.yml").read_text("utf-8"))
    return {"on" if key is True else str(key): value for key, value in document.items()}


def problems(document: Document, schema: str) -> list[str]:
    """Return what a schema says against a document."""
    validator = jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8")))
    return [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(document)]


def manifests() -> Iterator[Document]:
    """Yield every manifest."""
    for path in KUBERNETES:
        yield from documents(path)


def pod_of(manifest: Document) -> Document:
    """Return the pod of a manifest; empty where it has none."""
    spec = manifest["spec"]
    found: Document = spec if manifest["kind"] == "Pod" else spec.get("template", {}).get("spec", {})
    return found


def containers() -> Iterator[Document]:
    """Yield every container of every manifest."""
    for manifest in manifests():
        yield from pod_of(manifest).get("containers", ())


def scripts() -> list[str]:
    """Return the lines that the pipelines have a shell run."""
    (job,) = [
        job for job in documents(KIT / "ci" / "gitlab.yml")[0].values() if isinstance(job, dict) and "script" in job
    ]
    steps = [step["run"] for one in github()["jobs"].values() for step in one["steps"] if "run" in step]
    return [
        line
        for text in (*steps, *job["before_script"], *job["script"], *job["after_script"])
        for line in text.splitlines()
    ]


def pwdload_lines() -> Iterator[list[str]]:
    """Yield the arguments of every `pwdload` that a pipeline, a manifest or the container file starts."""
    for line in (*scripts(), *(KIT / "deploy" / "Containerfile").read_text("utf-8").splitlines()):
        for match in re.finditer(r"(?:^|[ ;])pwdload ((?:plan|run|report|accounts|check) [^;|>&]*)", line):
            yield shlex.split(match[1])
    yield from ([*one["args"]] for one in containers() if one.get("command") == ["pwdload"])


def locust_lines() -> list[list[str]]:
    """Return the arguments of every `locust` that is started, with what the operator adds."""
    lines = [[*one["args"]] for one in containers() if one.get("command") == ["locust"]]
    operator = next(one["spec"] for one in manifests() if one["kind"] == "LocustTest")
    lines.append([*operator["master"]["command"].split(), "--master", "--master-port=5557", "--expect-workers=4"])
    lines[-1] += ["--enable-rebalancing", "--only-summary"]
    lines.append([*operator["worker"]["command"].split(), "--worker", "--master-port=5557", "--master-host=pwdload"])
    lines += [arguments[2:] for arguments in pwdload_lines() if arguments[0] == "run"]  # what is not ours is Locust's
    return lines


@cache
def parsed_by_locust() -> Sequence[tuple[Mapping[str, Any], str]]:
    """Return what Locust's own parser makes of them, each with what it has against it."""
    command = [sys.executable, "-m", "tests.pipelines.locust_options"]
    variables = environment(more={"PYTHONPATH": ":".join(sys.path)})
    done = subprocess.run(
        command, input=json.dumps(locust_lines()), capture_output=True, text=True, check=True, cwd=ROOT, env=variables
    )
    return [(options, said) for options, said in json.loads(done.stdout)]


def test_the_workflow_of_github_is_one() -> None:
    """Keys, permissions, steps: what GitHub would refuse is found here."""
    assert not problems(github(), "github")
    assert problems({**github(), "job": {}}, "github"), "a mistyped key is found"


def test_the_job_of_gitlab_is_one() -> None:
    """Keys, rules, artifacts, each script a line."""
    (document,) = documents(KIT / "ci" / "gitlab.yml")
    assert not problems(document, "gitlab")
    assert problems({**document, "other": {"scripts": []}}, "gitlab"), "a mistyped key is found"


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_a_manifest_is_one(path: Path) -> None:
    """Each document is a resource that a cluster takes, and a mistyped field in it is found."""
    for document in documents(path):
        assert not problems(document, "kubernetes")
        assert problems({**document, "spec": {**document["spec"], "replica": 3}}, "kubernetes")


def test_both_pipelines_publish_verdict_summary_and_junit() -> None:
    """Exit code of smoke, Markdown where people look, JUnit XML where the platform reads it: whatever the verdict."""
    steps = github()["jobs"]["smoke"]["steps"]
    (smoke,) = [step for step in steps if "pwdload run" in step.get("run", "")]
    assert "||" not in smoke["run"]
    assert "continue-on-error" not in smoke
    after = steps[steps.index(smoke) + 1 :]
    assert all(step["if"] == "${{ !cancelled() }}" for step in after)
    assert any('report.md >> "$GITHUB_STEP_SUMMARY"' in step.get("run", "") for step in after)
    assert any(step.get("with", {}).get("report_paths") == "reports/smoke/latest/junit.xml" for step in after)
    job = documents(KIT / "ci" / "gitlab.yml")[0]["pwdload smoke"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"]["junit"] == "reports/smoke/latest/junit.xml"
    assert any("report.md summary.md" in line for line in job["after_script"])


def test_every_pwdload_command_line_is_taken() -> None:
    """Each is held against the real command line: its options are there, its values in range."""
    lines = [*pwdload_lines()]
    assert {line[0] for line in lines} == {"plan", "run", "accounts"}
    root = typer.main.get_command(app)
    for line in lines:
        command, rest = root, line
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("pwdload", rest)


def test_every_locust_command_line_is_taken() -> None:
    """Each is held against Locust's own parser with our options."""
    for line, (_, said) in zip(locust_lines(), parsed_by_locust(), strict=True):
        assert not said, f"{line}: {said}"


def test_master_and_workers_go_together() -> None:
    """As many workers as the master waits for; a host that all of them are allowed; ports and names that meet."""
    by_name = {one["metadata"]["name"]: one for one in manifests() if one["kind"] == "Job"}
    service = next(one for one in manifests() if one["kind"] == "Service")
    master, worker = by_name["pwdload-master"], by_name["pwdload-worker"]
    args = pod_of(master)["containers"][0]["args"]
    assert f"--expect-workers={worker['spec']['parallelism']}" in args
    assert worker["spec"]["completions"] == worker["spec"]["parallelism"]
    assert master["spec"]["backoffLimit"] == worker["spec"]["backoffLimit"] == 0
    assert f"--master-host={service['metadata']['name']}" in pod_of(worker)["containers"][0]["args"]
    assert service["spec"]["selector"].items() <= master["spec"]["template"]["metadata"]["labels"].items()
    assert not service["spec"]["selector"].items() <= worker["spec"]["template"]["metadata"]["labels"].items()
    (port,) = pod_of(master)["containers"][0]["ports"]
    assert (port["name"], port["containerPort"]) == (service["spec"]["ports"][0]["targetPort"], 5557)
    clustered = [options for options, _ in parsed_by_locust() if options["master"] or options["worker"]]
    assert len(clustered) == 4
    assert {tuple(options["allow_host"]) for options in clustered} == {("staging.example.com",)}
    for options in clustered:
        assert bool(options["master"]) == bool(options["headless"]) == bool(options["accounts"])


def test_secrets_come_by_the_environment_alone() -> None:
    """No template has a secret, or the place for one, in a command line or a plain value; pods get the Secret."""
    lines = [*scripts(), *map(" ".join, pwdload_lines()), *map(" ".join, locust_lines())]
    assert not [line for line in lines if SECRETS.search(line)]
    for one in containers():
        assert not [variable for variable in one.get("env", ()) if "value" in variable]
        if one["command"] != ["sleep"]:
            assert one["envFrom"] == [{"secretRef": {"name": "pwdload"}}]
    operator = next(one["spec"] for one in manifests() if one["kind"] == "LocustTest")
    assert operator["env"] == {"secretRefs": [{"name": "pwdload"}]}
    assert not [one for one in manifests() if one["kind"] == "Secret"], "a Secret in a file ends up in a repository"
    assert SECRET_VARIABLE in (ROOT / "docs" / "pipelines.md").read_text("utf-8")


def test_containers_have_no_rights() -> None:
    """Not root, no capability, no token of the cluster: a load generator needs none of it."""
    for manifest in manifests():
        pod = pod_of(manifest)
        for one in pod.get("containers", ()):
            assert pod["automountServiceAccountToken"] is False
            assert pod["securityContext"]["runAsNonRoot"]
            assert one["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
            assert "cpu" not in one["resources"]["limits"], "a worker that is throttled is late"


def test_container_file_and_manifests_agree() -> None:
    """The user's number, the folder of the data, the entry point, and files that `pwdload init` lays down."""
    text = (KIT / "deploy" / "Containerfile").read_text("utf-8")
    words = {
        line.split(maxsplit=1)[0] for line in text.replace("\\\n", " ").splitlines() if line and line[0] not in "# &"
    }
    assert words <= {"FROM", "ARG", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "ENTRYPOINT"}
    (user,) = re.findall(r"^USER (\d+)$", text, re.MULTILINE)
    assert {pod_of(one)["securityContext"]["runAsUser"] for one in manifests() if pod_of(one)} == {int(user)}
    assert re.search(r'^ENTRYPOINT \["locust"\]$', text, re.MULTILINE)
    mounts = {mount["mountPath"] for one in containers() for mount in one["volumeMounts"]}
    assert mounts == {"/load/data"}
    assert f"mkdir -p {mounts.pop()}" in text


def test_what_the_image_copies_is_laid_down(tmp_path: Path) -> None:
    """Each COPY of the container file finds what it names in a folder that `pwdload init --kubernetes` made."""
    lay_down(tmp_path, [Extra.KUBERNETES])
    copied = re.findall(r"^COPY --chown=load (\S+) ", (tmp_path / "Containerfile").read_text("utf-8"), re.MULTILINE)
    assert copied
    assert all((tmp_path / name).exists() for name in copied)
    assert (tmp_path / ".containerignore").is_file()


def test_pipelines_can_be_added_later(tmp_path: Path) -> None:
    """In a folder that a team has made its own, only what is asked for comes; asked twice, nothing is written."""
    lay_down(tmp_path)
    mine = tmp_path / "locust.conf"
    mine.write_text("# mine\n")
    done = pwdload("init", str(tmp_path), "--ci", "github", "--ci", "gitlab", "--json")
    written = [Path(name).relative_to(tmp_path).as_posix() for name in json.loads(done.out)["files"]]
    assert written == [".github/workflows/pwdload-smoke.yml", ".gitlab-ci.yml"]
    assert mine.read_text() == "# mine\n"
    again = pwdload("init", str(tmp_path), "--ci", "github")
    assert (again.exit_code, again.err.count("\n")) == (2, 1)
    assert "there already" in again.err

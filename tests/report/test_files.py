"""The files of a report: complete, harmless and the same every time, whatever happened to the run."""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.analysis.degenerate import DEGENERATE, ODD_CODES, finished, odd_characters
from tests.analysis.synthetic import STAGES, record_of, samples_of, write_run
from tests.report.page import Page

from pwdload.outcome import Outcome, Verdict
from pwdload.report import Report, make
from pwdload.rundir import RunDirectory

SAYS = {
    "killed_at_once": "The run was cut short",
    "no_samples": "No request was recorded",
    "one_sample": "1 request is too few to say",
    "all_failed": "100 % of 400 requests were wrongly refused, shed, not sent or not answered",
    "all_unknown": "Requests ended in doubt: each of them may have changed a password",
    "one_second": "Less than a minute was measured",
    "zero_seconds": "The run never reached a measured stage",
    "clock_step": "Rows that no process of ours can have written were left out",
    "missing_worker": "No samples from worker-2: a part of the load is missing",
    "truncated_parquet": "worker-1.parquet cannot be read: a part of the load is missing",
    "lost_worker": "worker-2 was lost",
    "odd_characters": "50.00 % of 1,000 requests were wrongly refused",
}
"""What the report of a run must say of it, in so many words."""
NOT_FOR_PROGRAMS = re.compile(r"\b(nan|NaN|NaT|-?Infinity|undefined)\b|<NA>")
Made = tuple[RunDirectory, Report]
NOT_FOR_PEOPLE = re.compile(r"\b(nan|NaN|NaT|None(?! of)|null|undefined|inf|Infinity)\b|<NA>")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """Every kind of run with its report, each made once."""
    folder = tmp_path_factory.mktemp("runs")
    directories = {name: write(folder / name) for name, write in DEGENERATE.items()}
    return {name: (directory, make(directory)) for name, directory in directories.items()}


@pytest.fixture(params=sorted(DEGENERATE))
def made(request: pytest.FixtureRequest, runs: Mapping[str, Made]) -> Made:
    """One run and its report after the other."""
    return runs[request.param]


@pytest.fixture
def page(made: Made) -> Page:
    """The page of that report."""
    return parsed(made[0].path)


@cache
def parsed(path: Path) -> Page:
    """Return the page in a directory, parsed once for all that look at it."""
    return Page.parse(path.joinpath("report.html").read_text("utf-8"))


def test_no_reader_meets_a_nan(made: Made, page: Page) -> None:
    """What is not known reads "n/a" or says why, never NaN or None, in every file and on the console."""
    directory, report = made
    texts = [*page.text, report.headline_text, (directory.path / "report.md").read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in (directory.path / "tables").glob("*.csv")]
    for text in texts:
        assert not NOT_FOR_PEOPLE.search(text), NOT_FOR_PEOPLE.findall(text)


def test_no_program_meets_a_nan(made: Made, page: Page) -> None:
    """What is not known is null in JSON, and no number that is none is in any file, the data of the plots included."""
    directory, _ = made
    texts = [(directory.path / name).read_text("utf-8") for name in ("report.json", "verdict.json", "junit.xml")]
    texts.append(page.scripts[0])
    for text in texts:
        assert not NOT_FOR_PROGRAMS.search(text), NOT_FOR_PROGRAMS.findall(text)


@pytest.mark.parametrize("name", SAYS)
def test_what_is_wrong_with_a_run_is_said(runs: Mapping[str, Made], name: str) -> None:
    """Whatever happened to a run, its report says so, in plain words and for programs alike."""
    directory, _ = runs[name]
    for file in ("report.md", "report.json"):
        text = (directory.path / file).read_text("utf-8").replace("\\", "")
        assert SAYS[name] in text, file


def test_page_stands_alone(made: Made, page: Page) -> None:
    """The page loads nothing, forbids itself to, and is small enough to send by mail."""
    directory, _ = made
    assert (directory.path / "report.html").stat().st_size < 3_000_000
    assert not [attributes for _, attributes in page.elements if "src" in attributes]
    assert not page.all("link")
    assert "default-src 'none'" in next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert all(link["href"].startswith(("#", "tables/")) for link in page.all("a"))


def test_page_is_well_built(page: Page) -> None:
    """Screen readers find one title, captions, header cells with their scope, and links that lead somewhere."""
    assert page.tags["h1"] == 1
    assert page.tags["caption"] == page.tags["table"] > 0
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert len(page.ids) == len(set(page.ids))
    assert {link["href"][1:] for link in page.all("a") if link["href"].startswith("#")} <= set(page.ids)
    plots = [attributes for attributes in page.all("div") if "canvas" in attributes.get("class", "").split()]
    assert len(plots) == page.tags["figcaption"] >= 5
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)


def test_every_table_linked_is_there(made: Made, page: Page) -> None:
    """Each CSV file that the page names exists, with as many fields in every row as in its head."""
    directory, _ = made
    linked = {link["href"] for link in page.all("a") if link["href"].startswith("tables/")}
    assert linked == {f"tables/{path.name}" for path in (directory.path / "tables").iterdir()}
    for name in linked:
        with (directory.path / name).open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        assert all(len(row) == len(head) for row in rows)


def test_plots_name_their_units_and_their_numbers(made: Made) -> None:
    """Every plot says what its axes count, what is to be seen, and which table has the numbers."""
    _, report = made
    names = {table.name for table in report.tables}
    for plot in report.plots:
        assert "(s)" in plot.x_label
        assert re.search(r"\((1/s|ms|s|average|cores)\)", plot.y_label)
        assert plot.reading.endswith(".")
        assert plot.table in names
        assert all(len(series.y) == len(plot.x) for series in plot.series)


def test_same_directory_gives_the_same_bytes(made: Made) -> None:
    """A report made again, even from a copy of a copy, is the same to the byte."""
    directory, _ = made
    files = [path for path in directory.path.rglob("*") if path.suffix in (".html", ".md", ".json", ".csv", ".xml")]
    before = {path: path.read_bytes() for path in files}
    make(directory)
    assert {path: path.read_bytes() for path in files} == before


def test_no_path_of_this_machine_in_the_report(made: Made) -> None:
    """A report can be handed on: it does not say where it was made."""
    directory, _ = made
    for name in ("report.html", "report.md", "report.json", "verdict.json"):
        assert str(directory.path.parent) not in (directory.path / name).read_text("utf-8")


def test_markdown_fits_a_comment(made: Made) -> None:
    """The Markdown has fewer than 150 lines and tables whose rows all have as many cells as their head."""
    text = (made[0].path / "report.md").read_text("utf-8")
    assert len(text.splitlines()) < 150
    width = 0
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells


def test_json_is_json(made: Made) -> None:
    """Programs can read both JSON files, and the verdict in them is the report's."""
    directory, report = made
    verdict = json.loads((directory.path / "verdict.json").read_text("utf-8"), parse_constant=pytest.fail)
    whole = json.loads((directory.path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert verdict["verdict"] == whole["verdict"] == report.verdict.value
    assert verdict["exit_code"] == report.verdict.exit_code
    assert {table["name"] for section in whole["sections"] for table in section["tables"]} == {
        table.name for table in report.tables
    }


def test_what_the_target_says_stays_text(tmp_path: Path) -> None:
    """Error codes full of markup are shown as they came and never become part of the page."""
    directory = odd_characters(tmp_path / "run")
    make(directory)
    page = Page.parse((directory.path / "report.html").read_text("utf-8"))
    ordinary = Page.parse((_made(tmp_path / "ordinary").path / "report.html").read_text("utf-8"))
    assert page.tags["script"] == ordinary.tags["script"] == 3
    assert not page.all("img")
    for odd in ODD_CODES:
        assert odd in page.text
    assert f'title = "</pre></details>{ODD_CODES[1]}"\n' in page.text, "the scenario is shown as it was given"
    assert not set("<>&") & set(page.scripts[0]), "nothing in the plots' data can end its element"
    drawn = {series["name"] for plot in json.loads(page.scripts[0]) for series in plot.get("series", ())}
    assert "<script>alert(1)</script>" in drawn


def test_odd_codes_are_harmless_in_markdown_csv_and_console(tmp_path: Path) -> None:
    """Markup is escaped in Markdown, formulas in CSV, and control characters on the console."""
    directory = odd_characters(tmp_path / "run")
    report = make(directory)
    markdown = (directory.path / "report.md").read_text("utf-8")
    assert not re.search(r"(?<!\\)<(?!/?sub>)", markdown)
    with (directory.path / "tables" / "error_codes.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    assert "'=HYPERLINK(1)" in codes
    assert not any(code.startswith("=") for code in codes)
    assert all(character.isprintable() or character == "\n" for character in report.headline_text)


def test_banner_says_what_must_be_known_first(runs: Mapping[str, Made]) -> None:
    """A run against the stand-in, one cut short and an empty one say so above everything else."""
    assert "embedded stand-in" in runs["finished"][1].banner
    assert "cut short" in runs["cut_short"][1].banner
    assert "No request was recorded" in runs["no_samples"][1].banner


def test_headline_tells_the_truth(tmp_path: Path) -> None:
    """The console lines carry the verdict, changes a second, percentiles and top codes of the run at hand."""
    report = make(finished(tmp_path / "run"))
    samples = samples_of(flows=2000)
    changes = [s for s in samples if s.step == "update_password" and s.outcome == "right_accept"]
    per_s = sum(10 <= sample.done_s < 100 for sample in changes) / 90.0
    waits = sorted(s.done_s - s.intended_s for s in samples if s.step == "update_password" and s.intended_s >= 10)
    p95_ms = waits[-(-95 * len(waits) // 100) - 1] * 1000
    lines = report.headline_text.splitlines()
    assert lines[0].startswith("PASS: 100 % of 4,000 requests")
    assert f"{per_s:.1f}/s" in lines[1]
    assert f"p95 {p95_ms:.1f} ms" in lines[2]
    codes = sum(sample.error_code == "LOGIN.0002" for sample in samples)
    assert f"LOGIN.0002 {codes}" in lines[-1]


def test_number_over_different_loads_names_the_loads(tmp_path: Path) -> None:
    """Where 20 and then 40 users were measured, each rate says that it is over both and what each stage had."""
    directory = finished(tmp_path / "run")
    report = make(directory)
    lines = report.headline_text.splitlines()
    with (directory.path / "tables" / "stages.csv").open(encoding="utf-8", newline="") as file:
        rate = {row["stage"]: float(row["changes_per_s"]) for row in csv.DictReader(file)}
    assert "overall" in lines[1]
    assert f"steady {rate['steady']:.1f}/s with 20 users, rush {rate['rush']:.1f}/s with 40 users" in lines[1]
    assert "all measured stages together, p95 by stage: steady" in lines[2]
    assert "20 to 40 users in 2 measured stages" in report.summary
    assert "warm up" not in report.headline_text


def test_number_over_one_load_is_left_alone(tmp_path: Path) -> None:
    """Stages of the same number of users are one load: nothing is blended, and nothing is said."""
    samples = samples_of(flows=1000)
    stages = tuple(replace(stage, users=20) for stage in STAGES)
    report = make(write_run(tmp_path / "run", samples, record=replace(record_of(samples, stages=stages), users=20)))
    assert "overall" not in report.headline_text
    assert "20 users" in report.summary


def test_request_card_does_not_mix_denominators(tmp_path: Path) -> None:
    """The rate's own count and time stand beside it, the whole run apart."""
    card = next(card for card in make(finished(tmp_path / "run")).cards if card.label == "Requests")
    done = sum(10 <= sample.done_s < 100 for sample in samples_of(flows=2000))
    assert card.detail.startswith(f"{done:,} completed in 1 m 30 s measured; 4,000 in the whole run")


def test_machines_get_raw_values(tmp_path: Path) -> None:
    """Programs find outcomes by their names and headline numbers as numbers, with the unit beside."""
    directory = _made(tmp_path / "run")
    for name in ("answers", "expectations", "latency_by_outcome", "latency_by_step_and_outcome"):
        with (directory.path / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert {row["outcome"] for row in csv.DictReader(file)} <= {kind.value for kind in Outcome}
    assert "accepted, as expected" in (directory.path / "report.html").read_text("utf-8")
    headline = json.loads((directory.path / "verdict.json").read_text("utf-8"))["headline"]
    rate, p50 = headline[0]["values"][0], headline[1]["values"][0]
    assert rate["unit"] == "1/s"
    assert rate["text"] == f"{rate['value']:.1f}/s"
    assert (p50["name"], p50["unit"]) == ("p50", "s")
    assert 0.01 < p50["value"] < 0.03


def test_notes_and_users_come_before_the_numbers(runs: Mapping[str, Made]) -> None:
    """What the harness met stands above the first number, on the page and in the Markdown."""
    directory, report = runs["odd_characters"]
    assert report.notes
    page = (directory.path / "report.html").read_text("utf-8").partition("<main")[2]
    assert page.index("Notes of the run") < page.index('class="cards"')
    markdown = (directory.path / "report.md").read_text("utf-8")
    assert markdown.index("Note of the run") < markdown.index("Password changes")
    assert markdown.index("20 to 40 users") < markdown.index("Password changes")


def test_first_table_counts_what_was_wanted(tmp_path: Path) -> None:
    """The error codes' caption says how many of the refusals were expected, and how many were not."""
    report = make(finished(tmp_path / "run"))
    refused = sum(sample.outcome == "right_reject" for sample in samples_of(flows=2000))
    table = next(table for table in report.tables if table.name == "error_codes")
    assert table.caption.startswith(f"{refused:,} answers refused or failed: {refused:,} as expected, 0 not.")
    assert {"Shed", "(likely)"} <= {word for word, _ in report.definitions}


def test_grey_is_named_where_its_label_does_not_fit(runs: Mapping[str, Made]) -> None:
    """Under every plot with an unmeasured stage stands which one that is, however narrow the plot."""
    text = (runs["finished"][0].path / "report.html").read_text("utf-8")
    assert text.count("Grey: warm up (not measured).") == 8


def test_csv_has_what_the_page_folds(tmp_path: Path) -> None:
    """The timeline file has every second of the run, and its requests add up to all samples."""
    directory = _made(tmp_path / "run")
    with (directory.path / "tables" / "timeline.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["start_s"]) for row in rows] == [float(second) for second in range(len(rows))]
    assert sum(int(row["requests"]) for row in rows) == 4000


def test_cautions_are_numbered_where_they_weaken(runs: Mapping[str, Made]) -> None:
    """Each mark beside a number leads to a caveat that weakens it."""
    for _, report in runs.values():
        known = {caution.number: caution.weakens for caution in report.cautions}
        assert list(known) == list(range(1, len(known) + 1))
        for card in report.cards:
            assert set(card.weakened_by) <= set(known)
        latency = next(section for section in report.sections if section.name == "latency")
        assert all(known[number] == "latency" for number in latency.weakened_by)


def test_verdicts_of_the_degenerate(runs: Mapping[str, Made]) -> None:
    """Each kind of run gets the verdict that it deserves."""
    verdicts = {name: report.verdict for name, (_, report) in runs.items()}
    assert verdicts["finished"] is Verdict.PASS
    assert verdicts["cut_short"] is verdicts["killed_at_once"] is Verdict.INVALID
    assert verdicts["clock_step"] is verdicts["missing_worker"] is verdicts["truncated_parquet"] is Verdict.INVALID
    assert verdicts["no_samples"] is verdicts["one_sample"] is verdicts["one_second"] is Verdict.INCONCLUSIVE
    assert verdicts["all_failed"] is verdicts["all_unknown"] is verdicts["outage"] is Verdict.SLO_FAILED


def _made(path: Path) -> RunDirectory:
    directory = finished(path)
    make(directory)
    return directory

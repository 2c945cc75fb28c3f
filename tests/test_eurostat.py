"""`integra data update` against a local server that answers as Eurostat does, and what the fetched figures then change.

The server speaks API Statistics: JSON-stat 2.0 with sparse values and flags, codes that do not exist silently left out,
errors and warnings as JSON. It knows nothing of our code; no test uses the network.
"""

import contextlib
import hashlib
import http.server
import json
import math
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import eurostat, fit, load_inputs, priors, rates, roles, tables
from calibration.config import update_from
from calibration.errors import InputError
from model.codes import EDUCATION, MEMBER_STATES, ORIGINS
from scenarios import data_update
from scenarios.compose import job
from scenarios.provenance import result_hash

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "calibration" / "data"
ORDER = ("freq", "unit", "sex", "age", "isced11", "c_birth", "indic_de", "projection", "geo", "time")
PERSONS = ("demo_pjangroup", "demo_gind", "migr_pop3ctb", "proj_23np")
NOT_FOUND = {"error": [{"status": 404, "id": 100, "label": "ERR_NOT_FOUND_4: The requested resource is not available."}]}
QUEUED = {
    "warning": {
        "status": 413,
        "label": "ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously. Please try again later.",
    }
}


def dataset_body(name, dimensions, value, flag):
    """A JSON-stat 2.0 dataset as Eurostat writes it: sparse value and status by position, last dimension fastest."""
    size = [len(codes) for codes in dimensions.values()]
    values, status = {}, {}
    for position, cell in enumerate(np.ndindex(*size)):
        codes = {d: list(dimensions[d])[i] for d, i in zip(dimensions, cell, strict=True)}
        number, mark = value(codes), flag(codes)
        if number is not None:
            values[str(position)] = number
        if mark:
            status[str(position)] = mark
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"Dataset {name}",
        "source": "ESTAT",
        "updated": "2026-09-10T23:00:00+0200",
        "value": values,
        "status": status,
        "id": list(dimensions),
        "size": size,
        "dimension": {
            d: {
                "label": d,
                "category": {"index": {c: i for i, c in enumerate(codes)}, "label": {c: f"Label of {c}" for c in codes}},
            }
            for d, codes in dimensions.items()
        },
        "extension": {
            "lang": "EN",
            "id": name.upper(),
            "agencyId": "ESTAT",
            "version": "1.0",
            "status": {"label": {"b": "break in time series", "u": "low reliability"}},
        },
    }


class Fake:
    """What the server holds: by default every rate is 50 percent, every count 1000, no flags, nothing wrong."""

    def __init__(self):
        self.asked = []
        self.value = lambda name, codes: 1000 if name in PERSONS else 1.5 if name == "demo_find" else 50.0
        self.flag = lambda name, codes: ""
        self.unknown = set()  # codes that the service no longer knows
        self.added = {}  # dimensions nobody asked for
        self.sabotage = lambda name, attempt, body: None  # (status, bytes, announced length, seconds) in place of the body

    def answer(self, path, query):
        name = path.rpartition("/")[2]
        self.asked.append(name)
        dimensions = {"freq": ["A"], **self.added}
        dimensions |= {d: [c for c in codes if c not in self.unknown] for d, codes in query.items() if d in ORDER}
        dimensions = {d: dimensions[d] for d in (*ORDER, *self.added) if d in dimensions}
        body = dataset_body(name, dimensions, lambda c: self.value(name, c), lambda c: self.flag(name, c))
        body = json.dumps(body, separators=(",", ":")).encode()
        return self.sabotage(name, self.asked.count(name), body) or (200, body, len(body), 0.0)


@pytest.fixture
def server(monkeypatch, tmp_path):
    """(Fake, base URL of the server); the current directory is empty, shipped tables are back in use afterwards."""
    fake = Fake()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = urllib.parse.parse_qs(url.query)
            assert query.pop("format") == ["JSON"] and query.pop("lang") == ["EN"]
            status, body, announced, seconds = fake.answer(url.path, query)
            time.sleep(seconds)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(announced))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(eurostat, "PAUSE", 0.0)
    yield fake, f"http://127.0.0.1:{listening.server_port}/eurostat/api/dissemination/statistics/1.0/data"
    listening.shutdown()
    thread.join()
    listening.server_close()
    tables.use("shipped", "eurostat")


def settings(url, **changed):
    """Settings of one quick update: overqualification by birth, 2019."""
    values = {"base_url": url, "timeout": 20, "folder": "eurostat", "datasets": ["lfsa_eoqgac"], "years": [2019]}
    return update_from(values | changed)


def update(server, **changed):
    """Update in this process; returns (folder written, text)."""
    text = data_update.update(settings(server[1], **changed))
    return Path(text.splitlines()[-1]), text


def refused(server, *words, **changed):
    """The update ends with one line that holds the words, and leaves nothing behind."""
    with pytest.raises(InputError) as error:
        update(server, **changed)
    text = str(error.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text
    assert not Path("eurostat").exists() or list(Path("eurostat").iterdir()) == []
    return text


def cell(rows, **keys):
    """The one row with these keys."""
    for key, value in keys.items():
        rows = rows[rows[key] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def shipped_hashes():
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(SHIPPED.iterdir())}


def test_new_tables_in_our_form(server):
    """Values become shares, labels ours, and every row names dataset, date and status; flags are kept."""
    server[0].value = lambda name, c: 47.3 if (c["geo"], c["c_birth"], c["sex"]) == ("DE", "NEU27_2020_FOR", "T") else 20.1
    server[0].flag = lambda name, c: "bu" if c["geo"] == "MT" else ""
    place, _ = update(server)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", place.name) and place.parent == Path("eurostat")
    rows = pd.read_csv(place / "labour.csv", dtype=str, keep_default_na=False)
    assert list(rows.columns) == list(tables.COLUMNS)
    assert len(rows) == 28 * 3 * 3
    row = cell(rows, geo="DE", origin="non_eu_born", sex="total")
    assert (row.parameter, row.age, row.year, row.value) == ("overqualification_rate", "20-64", "2019", "0.473")
    assert (row.dataset, row.source, row.status) == ("lfsa_eoqgac", f"Eurostat, extracted {place.name}", "seen")
    assert (row.unit, row.note) == ("share of tertiary-educated employed", "")
    assert set(rows[rows.geo == "MT"].note) == {"flag bu"}
    assert cell(rows, geo="DE", origin="native", sex="total").value == "0.201"


def test_every_position_goes_to_its_cell(server):
    """No two dimensions are mixed up: the value of each cell encodes its codes."""
    codes = {"sex": ["T", "F", "M"], "c_birth": ["NAT", "EU27_2020_FOR", "NEU27_2020_FOR"]}
    server[0].value = lambda name, c: (
        30 * codes["sex"].index(c["sex"]) + 10 * codes["c_birth"].index(c["c_birth"])
        + 0.1 * ("EU27_2020", *MEMBER_STATES).index(c["geo"]) + 3 * (c["time"] == "2020")
    )  # fmt: skip
    place, _ = update(server, years=[2019, 2020])
    rows = pd.read_csv(place / "labour.csv", dtype=str, keep_default_na=False)
    for row in rows.itertuples():
        expected = 30 * ["total", "female", "male"].index(row.sex) + 10 * ORIGINS.index(row.origin)
        expected += 0.1 * ("EU27_2020", *MEMBER_STATES).index(row.geo) + 3 * (row.year == "2020")
        assert math.isclose(float(row.value), expected / 100, abs_tol=1e-9)


def test_changes_against_the_shipped_figures(server):
    """New, revised, unchanged and missing cells are told apart and counted; the largest revision is shown."""
    own = tables.shipped()
    own = own[(own.parameter == "overqualification_rate") & (own.year == "2019") & (own.sex == "total")]
    value = {(row.geo, row.origin): 100 * row.value for row in own.itertuples()}
    names = {"NAT": "native", "EU27_2020_FOR": "eu_born", "NEU27_2020_FOR": "non_eu_born"}

    def answered(name, c):
        if c["sex"] != "T":
            return 30.0 if c["geo"] == "AT" else None
        return 1.0 if (c["geo"], c["c_birth"]) == ("SE", "NAT") else value[c["geo"], names[c["c_birth"]]]

    server[0].value = answered
    place, text = update(server)
    changes = pd.read_csv(place / "changes.csv", keep_default_na=False)
    counts = changes.change.value_counts().to_dict()
    assert counts == {"unchanged": 83, "revised": 1, "new": 6, "missing": 162}
    row = cell(changes, change="revised")
    assert (row.geo, row.origin, row.sex, float(row.fetched)) == ("SE", "native", "total", 0.01)
    assert math.isclose(float(row.shipped), value["SE", "native"] / 100, rel_tol=1e-6)
    line = next(line for line in text.splitlines() if line.startswith("lfsa_eoqgac"))
    assert line.split()[1:] == ["overqualification_rate", "252", "6", "1", "83", "162"]
    assert f"SE native total 20-64 2019: {value['SE', 'native'] / 100:.6g} -> 0.01" in text
    rows = pd.read_csv(place / "labour.csv", keep_default_na=False)
    assert len(rows) == 90 and not rows.value.isna().any()


def test_a_year_or_state_that_is_not_there_is_missing(server):
    """A year not published yet and a Member State left out are missing cells, not errors."""
    server[0].unknown = {"2024", "RO"}
    place, _ = update(server, years=[2019, 2024])
    changes = pd.read_csv(place / "changes.csv", dtype=str, keep_default_na=False)
    missing = changes[changes.change == "missing"]
    assert set(missing[missing.geo != "RO"].year) == {"2024"} and len(missing) == 28 * 9 + 9
    rows = pd.read_csv(place / "labour.csv", dtype=str)
    assert set(rows.year) == {"2019"} and "RO" not in set(rows.geo)


def test_single_years_of_age_are_added_up(server):
    """EUROPOP: 101 single years become 18 bands; a band with a missing year is missing, not too small."""
    server[0].value = lambda name, c: None if (c["geo"], c["age"], c["sex"]) == ("LU", "Y62", "F") else 1000
    place, _ = update(server, datasets=["proj_23np"], years=[2030])
    rows = pd.read_csv(place / "demography.csv", dtype=str)
    assert len(rows) == 27 * 2 * 18 - 1
    assert set(rows.status) == {"derived"} and set(rows.category) == {"europop2023"}
    persons = rows.set_index(["geo", "sex", "age"]).value.astype(float)
    assert persons["AT", "male", "0-4"] == persons["AT", "male", "60-64"] == 5000 and persons["AT", "male", "85+"] == 16000
    assert ("LU", "female", "60-64") not in persons.index


def test_every_query_of_the_table(server):
    """All queries together: every one is asked and answered, and names parameters, units and files of our tables."""
    place, text = update(server, datasets="all", years="all")
    assert sorted(set(server[0].asked)) == sorted({query.dataset for query in eurostat.queries()})
    own = tables.shipped()
    new = {"employment_rate_by_education"}
    for query in eurostat.queries():
        ours = own[own.parameter == query.parameter]
        assert len(ours) or query.parameter in new
        if len(ours):
            assert set(ours.file) == {query.file} and query.unit in set(ours.unit)
            for column, (_, labels) in query.labels.items():
                assert set(labels.values()) <= set(ours[column]), (query.parameter, column)
    tables.use("latest", "eurostat")
    assert {f"eurostat/{place.name}/{name}.csv" for name in ("labour", "population", "demography")} < set(tables.hashes())
    assert "overqualification_rate" in text
    assigned = tables.all_tables().assign(role=roles.assign())
    priors.read()
    seen = assigned[assigned.source.str.startswith("Eurostat, extracted")]
    assert len(seen) > 5000 and set(seen[(seen.year > "2019") & (seen.parameter == "overqualification_rate")].role) == {"validation"}
    raw = pd.read_csv(SHIPPED / "eurostat_queries.csv", dtype=str, keep_default_na=False)
    assert set(raw.checked) <= {"yes", "no"}


SEX = {"T": "total", "F": "female", "M": "male"}
BORN = {"NAT": "native", "EU27_2020_FOR": "eu_born", "NEU27_2020_FOR": "non_eu_born"}
SERVES = {
    "lfsa_ergacob": ("employment_rate", 0.01), "lfsa_urgacob": ("unemployment_rate", 0.01),
    "lfsa_eoqgac": ("overqualification_rate", 0.01), "lfst_rimgecga": ("employment_rate_recent", 0.01),
    "lfsa_eppgacob": ("part_time_share", 0.01), "lfsa_etpgacob": ("temporary_share", 0.01),
    "demo_pjangroup": ("population", 1), "migr_pop3ctb": ("stock", 1), "demo_gind": ("births", 1),
    "demo_find": ("total_fertility_rate", 1),
}  # fmt: skip


def test_the_shipped_figures_come_back_unchanged(server):
    """Answers that repeat the shipped figures revise none of them, and the model's inputs stay the same."""
    own = tables.shipped()
    own = own.assign(age=own.age.where(own.parameter != "unemployment_rate", "20-64"))
    figures = own.set_index(["parameter", "geo", "origin", "sex", "age", "year"]).value.to_dict()

    def answered(name, c):
        parameter, factor = SERVES[name]
        age = {"Y_LT5": "0-4", "Y_GE85": "85+", "TOTAL": "", "": ""}.get(c.get("age", ""), c.get("age", "")[1:])
        key = (parameter, c["geo"], BORN.get(c.get("c_birth"), ""), SEX[c.get("sex", "T")], age, c["time"])
        return figures[key] / factor if key in figures else None

    server[0].value = answered
    shipped = load_inputs.load_inputs(job("run", ["tables=shipped"]))
    place, _ = update(server, datasets=list(SERVES), years="all")
    changes = pd.read_csv(place / "changes.csv", dtype=str, keep_default_na=False)
    changes = changes[changes.parameter != "native_employment_rate"]
    assert set(changes.change) == {"unchanged", "missing"}
    assert (changes[changes.change == "unchanged"].groupby("parameter").size() > 80).all()
    assert set(changes.parameter) == {parameter for parameter, _ in SERVES.values()}
    fetched = load_inputs.load_inputs(job("run", []))
    assert tables.in_use() and np.allclose(fetched.stock, shipped.stock, rtol=1e-6)
    assert np.allclose(fetched.employment, shipped.employment) and np.allclose(fetched.unemployment, shipped.unemployment)


def test_an_error_of_eurostat_is_repeated(server):
    """404 with Eurostat's JSON: one line with dataset and label, asked once."""
    server[0].sabotage = lambda name, attempt, body: (404, json.dumps(NOT_FOUND).encode(), len(json.dumps(NOT_FOUND)), 0)
    refused(server, "lfsa_eoqgac", "404", "ERR_NOT_FOUND_4")
    assert len(server[0].asked) == 1


def test_all_failing_datasets_are_named(server):
    """Two datasets fail, one does not: both are named, the good one is not written."""
    bad = ("lfsa_eoqgac", "lfsa_urgacob")
    said = json.dumps(NOT_FOUND).encode()
    server[0].sabotage = lambda name, attempt, body: (404, said, len(said), 0) if name in bad else None
    refused(server, *bad, "nothing was written", datasets=[*bad, "lfsa_ergaedcob"])
    assert "lfsa_ergaedcob" in server[0].asked


def test_a_server_error_is_tried_again(server):
    """500 and then the answer: success at the second try; three times 500: refused after the third."""
    server[0].sabotage = lambda name, attempt, body: (500, b"<html>busy</html>", 17, 0) if attempt == 1 else None
    place, _ = update(server)
    assert len(server[0].asked) == 2 and (place / "labour.csv").is_file()
    server[0].sabotage = lambda name, attempt, body: (500, b"<html>busy</html>", 17, 0)
    with pytest.raises(InputError, match="lfsa_eoqgac: Eurostat answered 500; tried 3 times"):
        update(server)
    assert len(server[0].asked) == 5


@pytest.mark.parametrize("status", [200, 413])
def test_an_answer_put_in_a_queue(server, status):
    """An asynchronous answer, as warning or as error, is tried again and then reported."""
    body = QUEUED if status == 200 else {"error": [QUEUED["warning"]]}
    body = json.dumps(body).encode()
    server[0].sabotage = lambda name, attempt, whole: (status, body, len(body), 0)
    refused(server, "lfsa_eoqgac", "413", "ASYNCHRONOUS_RESPONSE", "tried 3 times")
    server[0].sabotage = lambda name, attempt, whole: (status, body, len(body), 0) if attempt < 6 else None
    assert update(server)[0].is_dir()


def test_a_time_out_ends_the_update(server):
    """No answer in time: three tries, then one line; further datasets are not asked."""
    server[0].sabotage = lambda name, attempt, body: (200, body, len(body), 1.0)
    started = time.perf_counter()
    refused(server, "no answer within 0.2 seconds", "tried 3 times", timeout=0.2, datasets="all")
    assert time.perf_counter() - started < 10 and set(server[0].asked) == {"lfsa_ergacob"} and len(server[0].asked) == 3


def test_no_server_at_all(server):
    with pytest.raises(InputError, match=r"lfsa_eoqgac: no connection to http://127\.0\.0\.1:1/"):
        data_update.update(settings("http://127.0.0.1:1"))


@pytest.mark.parametrize("announced", ["whole", "cut"])
def test_a_cut_body_is_noticed(server, announced):
    """Half a body, with the whole or the cut length announced: refused; once whole, accepted."""
    def cut(name, attempt, body):
        half = body[: len(body) // 2]
        return (200, half, len(body) if announced == "whole" else len(half), 0)

    server[0].sabotage = cut
    refused(server, "lfsa_eoqgac", "cut off", "tried 3 times")
    server[0].sabotage = lambda name, attempt, body: cut(name, attempt, body) if attempt < 6 else None
    assert update(server)[0].is_dir()


def test_a_changed_code_is_named(server):
    """A country-of-birth code that the service silently leaves out: its name, and those that are there."""
    server[0].unknown = {"NEU27_2020_FOR"}
    refused(server, "lfsa_eoqgac", "c_birth NEU27_2020_FOR is gone", "NAT, EU27_2020_FOR")


def test_a_changed_breakdown_is_named(server):
    """A new dimension with two categories, and one that has gone."""
    server[0].added = {"wstatus": ["EMP", "SAL"]}
    refused(server, "lfsa_eoqgac", "broken down by wstatus: EMP, SAL")
    server[0].added = {}
    whole = Fake.answer

    def without_sex(path, query):
        del query["sex"]
        return whole(server[0], path, query)

    server[0].answer = without_sex
    refused(server, "lfsa_eoqgac", "dimension sex is gone")


@pytest.mark.parametrize("value", [640.0, -0.5, float("inf"), "12,3"])
def test_an_impossible_value_is_named(server, value):
    """A rate of 640, below zero, infinite, or no number at all."""
    server[0].value = lambda name, c: value if (c["geo"], c["sex"], c["c_birth"]) == ("FR", "F", "NAT") else 20.0
    words = ["'12,3'"] if isinstance(value, str) else [f"FR native female 20-64 2019 is {value:g}", "plausible is 0 to 100"]
    refused(server, "lfsa_eoqgac", *words)


def test_nothing_but_missing_cells_is_refused(server):
    """An answer without any value, as the service gives for a code combination that does not exist."""
    server[0].value = lambda name, c: None
    refused(server, "lfsa_eoqgac", "no value", "252 cells")


@pytest.mark.parametrize(
    "body",
    [
        {"version": "2.0", "class": "dataset"},
        {"version": "2.0", "class": "dataset", "id": ["geo"], "size": [1], "dimension": {"geo": {}}, "value": {"0": 1}},
        [],
    ],
)
def test_another_shape_is_refused(server, body):
    content = json.dumps(body).encode()
    server[0].sabotage = lambda name, attempt, whole: (200, content, len(content), 0)
    refused(server, "lfsa_eoqgac", "JSON")


def test_a_value_beyond_the_last_position_is_refused(server):
    """Sizes that do not fit the values: refused, not shifted."""
    def longer(name, attempt, whole):
        content = json.loads(whole)
        content["value"]["252"] = 1.0
        text = json.dumps(content).encode()
        return (200, text, len(text), 0)

    server[0].sabotage = longer
    refused(server, "lfsa_eoqgac", "not JSON-stat 2.0")


def test_shipped_tables_and_earlier_updates_are_untouched(server):
    """Two updates on one day: the second has its own folder, the first and the shipped tables keep their bytes."""
    before = shipped_hashes()
    first, _ = update(server)
    kept = {path.name: path.read_bytes() for path in first.iterdir()}
    server[0].value = lambda name, c: 33.0
    second, _ = update(server)
    assert second.name == f"{first.name}-2"
    assert {path.name: path.read_bytes() for path in first.iterdir()} == kept
    assert (second / "labour.csv").read_bytes() != kept["labour.csv"]
    third, _ = update(server)
    assert third.name == f"{first.name}-3"
    assert shipped_hashes() == before
    assert sorted(path.name for path in Path("eurostat").iterdir()) == [first.name, second.name, third.name]
    tables.use("latest", "eurostat")
    assert tables.scalar("overqualification_rate", geo="AT", origin="native", sex="total", year=2019) == 0.33


def test_provenance(server):
    """URL, time of Eurostat's update and hashes of the body and of every file are kept."""
    bodies = []
    server[0].sabotage = lambda name, attempt, body: bodies.append(body)
    place, _ = update(server)
    kept = json.loads((place / "provenance.json").read_text())
    answer = kept["answers"][0]
    assert answer["dataset"] == "lfsa_eoqgac" and answer["updated"] == "2026-09-10T23:00:00+0200"
    assert answer["url"].startswith(server[1] + "/lfsa_eoqgac?format=JSON&lang=EN&unit=PC&c_birth=NAT")
    assert answer["sha256"] == hashlib.sha256(bodies[0]).hexdigest() and answer["cells"] == 252
    assert kept["files"] == {
        name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in ("changes.csv", "labour.csv")
    }


def test_a_folder_that_cannot_be_written(server):
    Path("eurostat").write_text("a file")
    with pytest.raises(InputError, match=r"^folder=eurostat: allowed is a folder that can be written"):
        update(server)
    assert Path("eurostat").read_text() == "a file"


def test_fetched_figures_are_used_from_then_on(server):
    """The proxies give way to the fetched rates where there are some; `shipped` and a date choose; caches follow."""
    where = {"origin": "non_eu_born", "sex": "total", "year": 2019}
    before = tables.Parameter("overqualification_rate", **where).by_state()
    server[0].value = lambda name, c: None if c["geo"] == "HR" else 44.4
    first, _ = update(server)
    tables.use("latest", "eurostat")
    after = tables.Parameter("overqualification_rate", **where).by_state()
    croatia = MEMBER_STATES.index("HR")
    assert after[croatia] == before[croatia]
    assert (np.delete(after, croatia) == 0.444).all()
    skilled = rates.rate_table()[0]["skilled"][:, ORIGINS.index("non_eu_born"), 0, 2, 30]
    said = f"figures of Eurostat extracted {first.name} (eurostat/{first.name}) in place of 85 shipped ones, 158 further"
    assert tables.in_use().startswith(said)
    tables.use("shipped", "eurostat")
    assert tables.in_use() is None
    assert (tables.Parameter("overqualification_rate", **where).by_state() == before).all()
    assert not np.allclose(rates.rate_table()[0]["skilled"][:, ORIGINS.index("non_eu_born"), 0, 2, 30], skilled)
    server[0].value = lambda name, c: 11.1
    update(server)
    tables.use(first.name, "eurostat")
    assert tables.Parameter("overqualification_rate", **where).by_state()[0] == 0.444
    with pytest.raises(InputError, match=rf"^tables.use=2001-01-01: .*{first.name}, {first.name}-2"):
        tables.use("2001-01-01", "eurostat")


def test_inputs_follow_the_setting(server):
    """load_inputs: another stock, another age range of unemployment and own odds by education reach the model's inputs."""
    own = {"low": 0.2, "medium": 0.5, "high": 0.8}
    isced = {"ED0-2": 20.0, "ED3_4": 50.0, "ED5-8": 80.0}
    server[0].value = lambda name, c: {
        "lfsa_ergaedcob": lambda: isced[c["isced11"]] if c["geo"] == "DE" else None,
        "lfsa_urgacob": lambda: 9.0,
        "migr_pop3ctb": lambda: 100_000,
    }[name]()
    shipped = load_inputs.load_inputs(job("run", ["tables=shipped"]))
    update(server, datasets=["lfsa_ergaedcob", "lfsa_urgacob", "migr_pop3ctb"], years="all")
    fetched = load_inputs.load_inputs(job("run", []))
    assert math.isclose(fetched.stock[0, 2:].sum(), 100_000, rel_tol=1e-3)
    assert not math.isclose(shipped.stock[0, 2:].sum(), 100_000, rel_tol=1e-3)
    assert (rates.unemployment_table() == 0.09).all()
    germany, france = MEMBER_STATES.index("DE"), MEMBER_STATES.index("FR")
    odds = [own[level] / (1 - own[level]) for level in EDUCATION]
    assert np.allclose(rates.odds_by_state()[germany], odds)
    assert not np.allclose(rates.odds_by_state()[france], odds)
    again = load_inputs.load_inputs(job("run", ["tables=shipped"]))
    assert (again.stock == shipped.stock).all() and (again.unemployment == shipped.unemployment).all()
    assert not (fetched.unemployment == shipped.unemployment).any()


def test_europop_by_member_state_is_compared_with(server):
    """Once fetched for all Member States and years the projection of Eurostat is the one compared with."""
    assert fit.projection_in_use() == "variant_b"
    update(server, datasets=["proj_23np"], years=[2030])
    tables.use("latest", "eurostat")
    assert fit.projection_in_use() == "variant_b"
    update(server, datasets=["proj_23np"], years="all")
    tables.use("latest", "eurostat")
    assert fit.projection_in_use() == "europop2023"


def test_the_choice_enters_the_result_hash(server):
    """Other figures, another hash; every fetched file is hashed under its own name."""
    config = job("run", [])
    tables.use("latest", "eurostat")
    before, files = result_hash("run", [config]), set(tables.hashes())
    place, _ = update(server)
    tables.use("latest", "eurostat")
    assert result_hash("run", [config]) != before
    assert set(tables.hashes()) - files == {f"eurostat/{place.name}/labour.csv"}


@pytest.mark.parametrize("damage", ["cut", "one digit", "gone", "no provenance", "empty provenance"])
def test_a_damaged_folder_is_named(server, damage):
    """A fetched table that is no longer as written is refused, and `shipped` still works."""
    place, _ = update(server)
    table = (place / "labour.csv").read_bytes()
    if damage == "cut":
        (place / "labour.csv").write_bytes(table[:-200])
    elif damage == "one digit":
        (place / "labour.csv").write_bytes(table.replace(b",0.5,", b",0.6,", 1))
    elif damage == "gone":
        (place / "labour.csv").unlink()
    elif damage == "no provenance":
        (place / "provenance.json").unlink()
    else:
        (place / "provenance.json").write_text("{}")
    with pytest.raises(InputError) as error:
        load_inputs.load_inputs(job("run", []))
    file = "provenance.json" if "provenance" in damage else "labour.csv"
    assert f"eurostat/{place.name}/{file}" in str(error.value) and "allowed is" in str(error.value)
    load_inputs.load_inputs(job("run", ["tables=shipped"]))


def command(*arguments, code="import sys; from scenarios.cli import main; sys.exit(main())"):
    """The command in a real process, in the current directory."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(run, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_command(server):
    """`integra data update` writes and says what it wrote; a run then says that it uses it; a failure is one line."""
    small = (f"base_url={server[1]}", "datasets=[lfsa_eoqgac]", "years=[2019]")
    done = command("data", "update", *small)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    place = Path(done.stdout.splitlines()[-1])
    assert (place / "labour.csv").is_file() and "lfsa_eoqgac" in done.stdout
    done = command("run", "population=small", "member_states=[MT]", "run.end_year=2017", "seeds=1")
    assert done.returncode == 0, done.stderr
    assert f"figures of Eurostat extracted {place.name}" in done.stderr
    kept = json.loads(next(Path("outputs").glob("*/provenance.json")).read_text())
    assert f"eurostat/{place.name}/labour.csv" in kept["input_hashes"]
    server[0].unknown = {"NAT"}
    done = command("data", "update", *small)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("integra: lfsa_eoqgac: c_birth NAT is gone") and len(done.stderr.splitlines()) == 1
    assert [path.name for path in Path("eurostat").iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data"], ["integra data update"]),
        (["data", "fetch"], ["data fetch", "integra data update"]),
        (["data", "update", "timeout=0"], ["timeout=0", "0.1 to 600"]),
        (["data", "update", "base_url=ftp://x"], ["base_url=ftp://x", "https://"]),
        (["data", "update", "datasets=[lfsa_nothing]"], ["datasets=lfsa_nothing", "lfsa_ergacob"]),
        (["data", "update", "years=[1066]"], ["years=1066"]),
        (["data", "update", "policy=baseline"], ["policy=baseline", "base_url"]),
        (["run", "tables.use=yesterday"], ["tables.use=yesterday", "latest, shipped"]),
        (["run", "tables.use=2001-01-01"], ["tables.use=2001-01-01", "none is there"]),
    ],
)
def test_bad_settings(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*arguments)
    assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_library(tmp_path, monkeypatch):
    """The extra is not installed: one line that says how to get it."""
    monkeypatch.chdir(tmp_path)
    code = "import sys; sys.modules['pyjstat'] = None; from scenarios.cli import main; sys.exit(main())"
    done = command("data", "update", code=code)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert 'pip install "integra[eurostat]"' in done.stderr

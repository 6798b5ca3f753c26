"""What Continuous Delivery for PE sends, and when. Names begin with rows of the checklist."""

import contextlib
import json
import sqlite3
import time
from types import SimpleNamespace

import pytest
from cd4pe_container import (
    LICENSE,
    PASSWORD,
    PRODUCT,
    documented,
    new_license,
    person,
    set_up,
    view_as_a_tracker,
    work,
)
from cd4pe_service.analytics import Analytics
from cd4pe_service.container_variables import WrongVariableError, read_variables
from cd4pe_service.inventory import CONTROL_REPO, Inventory
from products.postgresql_server import PASSWORD as DATABASE_PASSWORD

from glasshouse_sdk.manifest import disclosure, read_manifest

MANIFESTS = (PRODUCT / "manifest.toml", PRODUCT / "console" / "manifest.toml")
DAY = 86_400
SECRETS = {
    "DB_USER": "canary-user", "DB_PASS": "canary-pass", "DB_PREFIX": "canary_prefix_",
    "DUMP_URI": "dump://canary-dump:7000", "PFI_SECRET_KEY": "canary-secret-key",
}  # fmt: skip
ANN = {
    "control_repos": 2,
    "pipelines": 2,
    "pipelines_with_impact_analysis": 1,
    "modules": 1,
    "deployment_policies": {"custom": 1, "direct": 2},
    "puppet_enterprise": True,
    "source_control": ["gitlab"],
}
BOB = {
    **dict.fromkeys(ANN, 0), "deployment_policies": {}, "puppet_enterprise": False,
    "source_control": [],
}  # fmt: skip


@contextlib.contextmanager
def installed(disk, vendor, release="2.11.2", environment=None):
    """An installation without its pages: what it keeps, and when it tells of it."""
    disk.mkdir(exist_ok=True)
    inventory = Inventory(read_variables({}, disk))
    analytics = Analytics(
        disk, environment or {}, release=release, endpoint=vendor.url, key=vendor.key
    )
    yield SimpleNamespace(inventory=inventory, analytics=analytics)
    inventory.close()


@pytest.mark.parametrize("path", MANIFESTS)
def test_cd01_cd02_the_disclosure_page_is_the_one_made_from_the_manifest(path):
    page = path.with_name("DISCLOSURE.md").read_text()
    assert page == disclosure(read_manifest(path))
    assert "| Field | Type | Anonymized |" in page
    assert "On by default." in page
    assert "`ANALYTICS`" in page


def test_cd07_no_field_of_either_manifest_can_hold_what_somebody_typed():
    for path in MANIFESTS:
        manifest = read_manifest(path)
        assert set(manifest.identities) <= {"instance", "license"}
        fields = [field for item in manifest.items.values() for field in item.fields.values()]
        fields += [inner for field in fields for inner in field.fields.values()]
        for field in fields:
            kind = field.of if field.type in ("list", "map") else field.type
            assert kind in ("enum", "integer", "boolean", "group"), field.name


@pytest.fixture(params=["DynamoDB", "PostgreSQL"])
def environment(request):
    """Of the document's command, or with a database that is really there."""
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgresql")
        user, password = SECRETS["DB_USER"], SECRETS["DB_PASS"]
        server.ask(f"create user \"{user}\" password '{password}'")
        server.ask(f'create database canary_database owner "{user}"')
        endpoint = f"postgresql://127.0.0.1:{server.port}/canary_database"
        return {**SECRETS, "DB_ENDPOINT": endpoint}
    typed = documented(
        "Amazon DynamoDB", AWS_REGION="eu-north-7", AWS_ACCESS_KEY="canary-access",
        AWS_SECRET_KEY="canary-secret", DUMP_URI=SECRETS["DUMP_URI"],
        KEY_FOR_DB_SECRETS_ENCRYPTION=SECRETS["PFI_SECRET_KEY"],
    )  # fmt: skip
    return typed.without("ANALYTICS").environment


def test_cd09_cd10_cd12_to_cd20_cd26_cd27_a_life_of_an_installation(
    vendor, container, wire, environment
):
    """Started for the first time, used, restarted, upgraded: two reports, and nothing in them that
    anybody typed or that the container was started with.
    """
    one, license_uuid = container(endpoint=wire.url), new_license()
    one.start(environment).wait_for_reports(1)
    instance = (one.kept / "instance").read_text().strip()
    with one.visitor() as visitor:
        set_up(visitor, license_uuid)
        work(visitor)
        view_as_a_tracker(visitor)
        visitor.post("/logout")
        visitor.post("/login", data={"name": "canary-root", "password": PASSWORD})
        for name in ("canary-bob", "canary-eve"):
            visitor.post("/accounts", data=person(name))
        assert "(deactivated)" in visitor.post("/accounts/4/deactivate").text
        visitor.post("/logout")
        answer = visitor.post("/login", data={"name": "canary-eve", "password": PASSWORD})
        assert answer.status_code == 400
    one.stop()
    sent = len(wire.requests)
    one.start(environment)
    time.sleep(1.5)
    one.stop()
    assert len(wire.requests) == sent, "a plain restart is no occasion"
    one.start(environment, release="2.11.3").wait_for_reports(2)
    one.stop()

    first, second = vendor.rows(f"instance = '{instance}'", 2)
    assert (first["license"], first["version"]) == (None, "2.11.2"), "not set up yet"
    assert first["fields"] == {"accounts": []}
    assert (second["license"], second["version"]) == (license_uuid, "2.11.3")
    assert second["fields"] == {"accounts": [ANN, BOB]}, "neither root nor whom root deactivated"

    on_the_wire = b"\n".join(wire.requests)
    written = b"\n".join(p.read_bytes() for p in vendor.data.rglob("*") if p.is_file())
    kept = b"\n".join(p.read_bytes() for p in one.volume.glob("analytics/**/*") if p.is_file())
    for place in (on_the_wire, written, kept):
        assert license_uuid.encode() in place, "what was sent can be found here"
    for value in {*environment.values(), "canary", "Canary", PASSWORD, "eu-north-7"}:
        for place in (on_the_wire, written, kept, one.said.encode()):
            assert value.encode() not in place, value


def test_cd11_once_per_week(vendor, tmp_path):
    with installed(tmp_path / "disk", vendor) as one:
        one.inventory.note("license", new_license())
        one.analytics.report_when_due(one.inventory)
        path = tmp_path / "disk" / "analytics" / "installation" / "occasions.json"
        for days, reports in ((0, 1), (6, 1), (8, 2), (0, 2)):
            kept = json.loads(path.read_text())
            (occasion,) = kept.values()
            pause = occasion["next"] - occasion["last"]
            assert 0.9 * 7 * DAY <= pause <= 1.1 * 7 * DAY
            # Time is the one thing that a test has to make: so many days have passed.
            occasion["last"] -= days * DAY
            occasion["next"] = occasion["last"] + 7 * DAY
            path.write_text(json.dumps(kept))
            with installed(tmp_path / "disk", vendor) as later:
                later.analytics.report_when_due(later.inventory)
                assert len(later.analytics.installation().history()) == reports
        vendor.rows(f"license = '{one.inventory.fact('license')}'", 2)


def test_cd03_to_cd05_how_customers_use_the_software_is_answered(vendor, tmp_path):
    for number, systems in enumerate((("gitlab",), ("gitlab", "github"))):
        with installed(tmp_path / str(number), vendor) as one:
            one.inventory.note("license", new_license())
            account = one.inventory.add_account(person("ann"))
            for repo in range(3 * number + 1):
                one.inventory.add_project(account, CONTROL_REPO, f"repo-{repo}")
            for system in systems:
                one.inventory.add_integration(account, system, "server", "token")
            one.analytics.report_when_due(one.inventory)
            vendor.rows(f"license = '{one.inventory.fact('license')}'")
    field = "accounts.control_repos"
    sizes = vendor.ask("field_distribution", product="cd4pe", field=field, period="7d")
    assert {"1", "2 to 4"} <= {row["value"] for row in sizes}
    field = "accounts.source_control"
    used = vendor.ask("field_distribution", product="cd4pe", field=field, period="7d")
    systems = {row["value"]: row["instances"] for row in used}
    assert systems["gitlab"] > systems["github"] > 0
    assert used[0]["value"] == "gitlab", "the most used first"


def test_secrets_are_sealed_in_the_database(vendor, container, tmp_path):
    one = container("disk")
    with installed(one.volume, vendor) as kept:
        account = kept.inventory.add_account(person("ann"))
        kept.inventory.add_integration(account, "gitlab", "canary-server", "canary-token")
        kept.inventory.check_key()
    content = (one.volume / "cd4pe.sqlite").read_bytes()
    assert b"canary-server" in content
    assert b"canary-token" not in content
    assert PASSWORD.encode() not in content
    with pytest.raises(
        AssertionError, match="expected the one that the database was first"
    ) as told:
        one.start({"PFI_SECRET_KEY": "canary-other"})
    assert "canary" not in str(told.value)


def test_postgresql_holds_the_tables_under_their_prefix(container, postgresql, tmp_path):
    environment = {
        "DB_ENDPOINT": f"postgresql://127.0.0.1:{postgresql.port}/postgres",
        "DB_USER": "postgres", "DB_PASS": DATABASE_PASSWORD, "DB_PREFIX": "cd_",
        "PFI_SECRET_KEY": "k",
    }  # fmt: skip
    for _ in range(2):  # the second time, the tables are there
        inventory = Inventory(read_variables(environment, tmp_path))
        inventory.note("license", LICENSE)
        assert inventory.fact("license") == LICENSE
        inventory.close()
    assert postgresql.ask("select count(*) from cd_facts where name = 'license'") == "1"
    assert list(tmp_path.iterdir()) == []
    wrong = container("wrong")
    with pytest.raises(AssertionError, match="database at DB_ENDPOINT cannot be used") as told:
        wrong.start({**environment, "DB_PASS": "canary-wrong"})
    assert len(str(told.value).strip().splitlines()) == 1
    assert "canary" not in str(told.value)


WRONG = {
    "DB_ENDPOINT": ("oracle://canary/x", "postgresql://HOST"),
    "DB_PREFIX": ("canary-prefix; drop", "letters, digits and _"),
    "DUMP_URI": ("canary", "dump://HOST:PORT"),
    "DB_USER": ("", "a value"),
    "DB_PASS": ("", "a value"),
    "PFI_SECRET_KEY": ("", "a value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_variable_is_told_without_its_value(tmp_path, name):
    value, expected = WRONG[name]
    environment = {**SECRETS, "DB_PREFIX": "p_", "DB_ENDPOINT": "mysql://canary:3306/c"}
    assert read_variables(environment, tmp_path).database == "mysql"
    with pytest.raises(WrongVariableError) as told:
        read_variables({**environment, name: value}, tmp_path)
    assert str(told.value).startswith(f"{name} (its value is not shown): expected ")
    assert expected in str(told.value)
    assert "canary" not in str(told.value)


@pytest.mark.parametrize(
    "endpoint",
    ["ddb://", "ddb://us-west", "ddb://US-WEST-2", "mysql://", "mysql://h:x/c", "mysql://h/",
     "mysql://canary:pass@h/c", "postgresql:///c", "postgresql://h:99999/c", "mysql://[h/c"],
)  # fmt: skip
def test_an_address_that_is_none_is_told_without_it(tmp_path, endpoint):
    environment = {**SECRETS, "DB_PREFIX": "", "DB_ENDPOINT": endpoint}
    with pytest.raises(WrongVariableError, match="DB_ENDPOINT") as told:
        read_variables(environment, tmp_path)
    assert "canary" not in str(told.value)


def test_the_variables_show_no_secret(tmp_path):
    environment = {**SECRETS, "DB_ENDPOINT": "postgresql://canary-host/canary_name"}
    assert "canary" not in repr(read_variables(environment, tmp_path))


def test_bad_input_is_told_and_accounts_do_not_see_each_other(container):
    one = container()
    one.start({"ANALYTICS": "false"})
    with one.visitor() as visitor:
        answer = visitor.post("/setup/root_account", data={**person("r"), "password": "short"})
        assert (answer.status_code, "8 to 200 characters" in answer.text) == (400, True)
        assert visitor.get("/integrations").url.path == "/setup/root_account"
        visitor.post("/setup/root_account", data=person("root"))
        visitor.post("/setup/storage", data={"storage": "disk"})
        answer = visitor.post("/setup/license", data={"license": "<script>"})
        assert answer.status_code == 400
        assert LICENSE in answer.text
        visitor.post("/setup/license", data={"license": LICENSE})
        visitor.post("/setup/user_account", data=person("ann"))
        for path, typed in (("/control-repos", {"name": " "}), ("/modules", {"name": "x" * 201}),
                            ("/integrations/gitlab", {}),
                            ("/integrations/gitlab", {"server": "x" * 201})):  # fmt: skip
            assert visitor.post(path, data=typed).status_code == 400
        for path in ("/control-repos/1", "/control-repos/x", "/modules/999999999999999999999",
                     "/integrations/subversion"):  # fmt: skip
            assert visitor.get(path).status_code == 404
        assert visitor.post("/control-repos/1/pipelines/1/jobs", data={}).status_code == 404
        assert visitor.post("/accounts", data=person("eve")).url.path == "/login"
        work(visitor)
        visitor.post("/logout")
        assert visitor.get("/control-repos/1").url.path == "/login"
        visitor.post("/login", data={"name": "root", "password": PASSWORD})
        visitor.post("/accounts", data=person("bob"))
        visitor.post("/logout")
        visitor.post("/login", data={"name": "bob", "password": PASSWORD})
        assert "canary-repo" not in visitor.get("/").text
        assert visitor.get("/control-repos/1").status_code == 404
        answer = visitor.post("/control-repos/1/pipelines", data={"name": "mine"})
        assert answer.status_code == 404


def test_the_service_goes_on_where_no_collector_answers(container):
    one = container(endpoint="http://127.0.0.1:9")
    one.start({})
    with one.visitor() as visitor:
        set_up(visitor)
        work(visitor)
    assert one.stop() == "", "nothing is said of it"
    with contextlib.closing(sqlite3.connect(one.volume / "cd4pe.sqlite")) as database:
        assert database.execute("select count(*) from projects").fetchone() == (3,)

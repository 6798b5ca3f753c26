"""What PuppetDB is asked, and what is understood of its answers. Real under PUPPET=real."""

import json
import os
from pathlib import Path

import pytest
from pe_site import CLOSED, COUNTED, FACTS, RECORDED
from puppet_enterprise.puppetdb import AGENT_OS, AGENT_VERSIONS, NODES, PuppetDb, PuppetDbError

CERTNAMES = ["from", "nodes", ["extract", ["certname"]]]
QUERIES = (NODES, AGENT_OS, AGENT_VERSIONS, CERTNAMES)


def in_order(rows):
    return sorted(rows, key=json.dumps)


def test_the_recorded_answers_are_those_of_puppetdb(puppetdb):
    """Under PUPPET=real this compares; with RECORD=yes it records."""
    told = [{"query": query, "answer": in_order(PuppetDb(puppetdb).ask(query))}
            for query in QUERIES]  # fmt: skip
    if os.environ.get("RECORD") == "yes":
        Path(RECORDED).write_text(json.dumps(told, indent=1) + "\n")
    recorded = json.loads(RECORDED.read_text())
    assert [in_order(each["answer"]) for each in recorded] == [each["answer"] for each in told]


def test_nodes_systems_and_versions_are_counted_without_those_that_are_gone(puppetdb):
    asked = PuppetDb(puppetdb)
    assert asked.nodes() == COUNTED["nodes"]
    assert asked.agent_os() == {"CentOS": 2, "Debian": 1, "Canarix": 1, "windows": 1}
    assert asked.agent_versions() == COUNTED["agent_versions"]
    assert asked.certnames() == sorted(FACTS)[:-1]


def test_what_is_no_answer_is_told(puppetdb):
    with pytest.raises(PuppetDbError, match="HTTP Error 400"):
        PuppetDb(puppetdb).ask(["from", "nonsense"])
    with pytest.raises(PuppetDbError, match="refused"):
        PuppetDb(CLOSED).nodes()

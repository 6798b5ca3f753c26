"""Alerts to a real mail server and a real webhook: what is told, to whom, when, and what is not."""

import base64
import hashlib
import hmac
import json
import re
import ssl
import subprocess
from datetime import date, timedelta
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

import pytest
from receivers import Inbox, mail_server

from glasshouse.alerting.letter import DeliveryError, Letter
from glasshouse.alerting.mail import MailServer, Security, send_mail
from glasshouse.alerting.webhook import secret_of
from glasshouse.office import Contact
from glasshouse.office.alerts import WAITS, Medium
from glasshouse.people import Role

KEY = b"k" * 32
EMAIL, WEBHOOK = Medium.EMAIL, Medium.WEBHOOK


def words_of(message):
    return message.get_payload(decode=True).decode()


def subject_of(message):
    return " ".join(str(make_header(decode_header(message["subject"]))).split())


# With raw access: organizations by name, and whom to write to.


def test_an_affected_organization_is_told_of_once_with_contact_and_fix(mailing):
    world, inbox = mailing
    world.save()
    world.sends("acme", instances=2)
    world.sends("safe", version="2.1.0")
    world.office.contacts.replace("forge", [Contact("acme", "Acme Ltd", "it@acme.example")])
    world.alert("ops@example.com", medium=EMAIL, raw=True)
    assert world.watch.turn() == 1
    (message,) = inbox
    text = words_of(message)
    assert subject_of(message).startswith("Forge: CVE-2026-1: affected organizations")
    assert message["to"] == "ops@example.com"
    assert "Organization: acme" in text
    assert "Affected: 2," in text
    assert "Acme Ltd it@acme.example" in text
    assert "Upgrade to 2.0.4: https://example.com/fix" in text
    assert "https://t.example.com/alerts" in text
    assert "safe" not in text
    world.now += timedelta(hours=2)
    assert world.watch.turn() == 0, "nothing is new"
    world.sends("newcomer")
    assert world.watch.turn() == 0, "not due yet"
    world.now += timedelta(hours=1)
    assert world.watch.turn() == 1
    assert "newcomer" in words_of(inbox[1])
    assert "acme" not in words_of(inbox[1]), "only what is new"
    world.sends("acme", name="another")
    world.now += timedelta(hours=1)
    assert world.watch.turn() == 1
    assert "Affected: 3," in words_of(inbox[2])


def test_an_exact_alert_is_a_raw_read_on_record_before_it_leaves(mailing):
    world, inbox = mailing
    world.save()
    world.sends("acme")
    alert = world.alert("ops@example.com", medium=EMAIL, raw=True)
    world.watch.turn()
    (read,) = world.records.raw_reads()
    assert read["who"] == f"robin, alert {alert.id}"
    assert read["what"] == "alert: advisory_organizations"
    assert "acme" not in str(read)
    world.people.add("kim", Role.ADMIN, raw=True)
    world.people.change("robin", raw=False)
    world.sends("newcomer")
    world.now += timedelta(hours=2)
    assert world.watch.turn() == 0
    assert len(inbox) == 1
    assert "no raw access any more" in world.office.alerts.one(alert.id).problem


def test_what_was_seen_holds_no_name(mailing, tmp_path):
    """It would outlive the erasure of an organization."""
    world, inbox = mailing
    world.save()
    world.sends("canary-organization")
    world.alert("ops@example.com", medium=EMAIL, raw=True)
    world.watch.turn()
    assert "canary-organization" in words_of(inbox[0])
    (alert,) = world.office.alerts.all()
    assert alert.seen
    world.database.close()
    for path in (tmp_path / "people").iterdir():
        assert b"canary-organization" not in path.read_bytes()
        assert b"CVE-2026-1" in path.read_bytes() or path.suffix != ".sqlite"


# Without raw access: exactly what the page shows, and nothing else.


def test_a_suppressed_alert_tells_what_the_page_shows(mailing):
    world, inbox = mailing
    world.save()
    world.sends(*(f"organization-{n}" for n in range(30)), instances=2, days=20)
    world.alert("ops@example.com", medium=EMAIL, raw=False)
    assert world.watch.turn() == 1
    words = world.office.advisories.one("forge", "CVE-2026-1").words()
    shown = world.insight.ask_suppressed("advisory", words)
    text = words_of(inbox[0])
    now = dict(zip([c.title for c in shown.columns], shown.rows[-1], strict=True))
    assert f"Affected: {now['Affected']}," in text
    assert now["Affected"] % 10 == 0
    assert now["Affected organizations"] % 5 == 0
    assert "organization-" not in text
    assert world.records.raw_reads() == []
    assert "without raw access" in text


def test_few_affected_are_not_told_of_without_raw_access(mailing):
    world, inbox = mailing
    world.save()
    world.sends("acme", instances=9, days=20)
    world.alert("ops@example.com", medium=EMAIL, raw=False)
    assert world.watch.turn() == 0
    assert inbox == []


def test_an_attacker_who_sends_items_and_listens_learns_steps_and_no_more(mailing):
    """Week by week some instances more are affected: he hears steps of k of weeks that are over."""
    world, inbox = mailing
    world.save()
    world.alert("eve@example.com", medium=EMAIL, raw=False)
    exact = []
    for week in range(8):
        world.sends(*(f"w{week}-{n}" for n in range(3 + week)))
        exact.append(world.insight.ask("advisory", world.office.advisories.one(
            "forge", "CVE-2026-1").words()).rows[-1][2])  # fmt: skip
        world.watch.turn()
        world.now += timedelta(days=7)
    told = [int(re.search(r"Affected: (\d+),", words_of(m))[1]) for m in inbox]
    assert told
    assert len(set(exact)) > len(told), "what went on below a step was not told"
    assert all(number % 10 == 0 for number in told)
    for message in inbox:
        text = words_of(message)
        assert not re.search(r"organizations: \d*[1-46-9],", text)
        last = date.fromisoformat(re.search(r"to (\d{4}-\d{2}-\d{2}):", text)[1])
        assert last.isoweekday() == 7
        assert last < parsedate_to_datetime(message["date"]).date()


def test_an_advisory_of_this_week_waits_for_the_week_to_be_over(mailing):
    world, inbox = mailing
    world.save(disclosed=world.now.date())
    world.sends(*(f"o{n}" for n in range(30)), days=10)
    alert = world.alert("ops@example.com", medium=EMAIL, raw=False)
    assert world.watch.turn() == 0
    assert "disclosed" in world.office.alerts.one(alert.id).problem
    world.now += timedelta(days=7)
    world.sends(*(f"o{n}" for n in range(30)))
    world.now += timedelta(days=1)
    assert world.watch.turn() == 1
    assert world.office.alerts.one(alert.id).problem == ""
    assert len(inbox) == 1


def test_another_question_begins_with_what_is_there(mailing):
    world, inbox = mailing
    world.sends(*(f"o{n}" for n in range(30)), version="2.0.1", days=14)
    world.alert("ops@example.com", medium=EMAIL, raw=False, question="version_adoption",
                advisory="", by=["week"])  # fmt: skip
    assert world.watch.turn() == 0
    world.now += timedelta(days=7)
    world.sends(*(f"o{n}" for n in range(30)), version="2.1.0", name="n", days=4)
    world.now += timedelta(days=7)
    assert world.watch.turn() == 1
    assert "2.1.0" in words_of(inbox[0])
    assert "2.0.1" not in words_of(inbox[0])


# Webhooks.


def test_a_webhook_is_signed_and_says_the_same(world, receiver):
    world.save()
    world.sends("acme")
    alert = world.alert(receiver.url, medium=WEBHOOK, raw=True)
    assert world.watch.turn() == 1
    ((headers, body),) = receiver.requests
    moment = headers["webhook-timestamp"]
    signed = f"{headers['webhook-id']}.{moment}.".encode() + body
    key = base64.b64decode(secret_of(KEY, alert.id).removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(moment) == int(world.now.timestamp())
    document = json.loads(body)
    assert document["access"] == "raw"
    assert document["answer"]["rows"][0]["organization"] == "acme"
    assert document["advisory"]["fix"].startswith("Upgrade to 2.0.4")
    assert secret_of(KEY, alert.id) != secret_of(KEY, "another")


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_told_again_later_and_later_and_is_not_forgotten(
    world, receiver, status
):
    world.save()
    world.sends("acme")
    alert = world.alert(receiver.url, medium=WEBHOOK, raw=True)
    receiver.status = status
    for n, wait in enumerate(WAITS, 1):
        assert world.watch.turn() == 0
        now = world.office.alerts.one(alert.id)
        assert (now.failures, now.seen) == (n, None)
        assert str(status) in now.problem
        world.now += wait - timedelta(seconds=1)
        assert world.watch.turn() == 0
        assert len(receiver.requests) == n, "not before its time"
        world.now += timedelta(seconds=1)
    names = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert len(names) == 1, "the same news has the same name, so that a receiver knows a repeat"
    world.sends("newcomer")
    receiver.status = 204
    assert world.watch.turn() == 1
    organizations = [
        r["organization"] for r in json.loads(receiver.requests[-1][1])["answer"]["rows"]
    ]
    assert sorted(organizations) == ["acme", "newcomer"]
    assert world.office.alerts.one(alert.id).failures == 0


def test_nobody_at_the_address(world):
    world.save()
    world.sends("acme")
    alert = world.alert("http://127.0.0.1:9/", medium=WEBHOOK, raw=True)
    assert world.watch.turn() == 0
    assert "cannot be reached" in world.office.alerts.one(alert.id).problem


def test_no_mail_server_is_a_problem_that_is_shown(world):
    world.save()
    world.sends("acme")
    alert = world.alert("ops@example.com", medium=EMAIL, raw=True)
    world.watch.turn()
    assert "GLASSHOUSE_MAIL_SERVER" in world.office.alerts.one(alert.id).problem


def test_a_trial_says_that_it_is_one(mailing, receiver):
    world, inbox = mailing
    world.save()
    one = world.alert("ops@example.com", medium=EMAIL, raw=False)
    two = world.alert(receiver.url, medium=WEBHOOK, raw=False)
    assert world.watch.try_out(one) == ""
    assert world.watch.try_out(two) == ""
    assert "a trial" in subject_of(inbox[0])
    assert json.loads(receiver.requests[0][1])["type"] == "trial"
    receiver.status = 500
    assert "500" in world.watch.try_out(two)


# The way to the mail server.


def letter():
    return Letter("n", "A subject: ü", "Text\n", b"{}")


def test_a_mail_server_without_encryption_is_not_given_a_password(tmp_path, world):
    with mail_server(Inbox()) as port:
        server = MailServer("127.0.0.1", port, Security.STARTTLS, "u", "p", "a@example.com")
        with pytest.raises(DeliveryError, match="cannot be used"):
            send_mail(server, "b@example.com", letter(), world.now)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path, world):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "c",
         "-days", "2", "-subj", "/CN=127.0.0.1"], cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")
    inbox = Inbox()
    with mail_server(inbox, tls_context=context) as port:
        server = MailServer("127.0.0.1", port, Security.STARTTLS, "", "", "a@example.com")
        with pytest.raises(DeliveryError, match="cannot be used"):
            send_mail(server, "b@example.com", letter(), world.now)
    assert inbox.messages == []


def test_a_refused_recipient_is_a_problem_in_words(world):
    class Refusing(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            return "550 no such user"

    with mail_server(Refusing()) as port:
        server = MailServer("127.0.0.1", port, Security.NONE, "", "", "a@example.com")
        with pytest.raises(DeliveryError, match="refused the recipient"):
            send_mail(server, "b@example.com", letter(), world.now)

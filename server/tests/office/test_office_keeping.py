"""What people set down, in backups and erasures: no link comes back, nor an erased contact."""

from filling_in import CANARY, MANIFEST

from glasshouse.cli.installation import Installation
from glasshouse.keeping.backup import back_up
from glasshouse.keeping.erasing import Wanted, erase
from glasshouse.keeping.restoring import restore
from glasshouse.office import Contact
from glasshouse.people import Role
from glasshouse.settings import Settings


def opened(data):
    return Installation(Settings(data=data), print)


def test_a_restored_backup_has_no_links_and_no_contact_of_who_was_erased_since(tmp_path):
    data, backup = tmp_path / "data", tmp_path / "backup"
    house = opened(data)
    house.register(MANIFEST.encode())
    house.people.add("robin", Role.ADMIN, raw=True)
    contacts = [Contact(CANARY, "", "it@example.com"), Contact("another", "", "x")]
    house.office.contacts.replace("forge", contacts)
    secret, _ = house.office.shares.make("robin", "/products/forge", "t", raw=False, days=9)
    house.office.releases.put("forge", "1.0", house.insight.now().date(), "kept")
    back_up(house.holdings, backup, tmp_path / "safe")
    assert CANARY.encode() in (backup / "people" / "people.sqlite").read_bytes(), "it was there"
    assert secret.encode() not in (backup / "people" / "people.sqlite").read_bytes()
    erase(house.holdings, Wanted("forge", "organization", CANARY))
    assert [c.organization for c in house.office.contacts.of("forge")] == ["another"]
    house.close()
    assert all(CANARY.encode() not in p.read_bytes() for p in (data / "people").iterdir())
    restore(backup, data)
    house = opened(data)
    try:
        assert [c.organization for c in house.office.contacts.of("forge")] == ["another"]
        assert house.office.shares.all() == []
        assert house.office.shares.by_secret(secret) is None
        assert [r.version for r in house.office.releases.of("forge")] == ["1.0"]
        assert [p.name for p in house.people.people()] == ["robin"]
    finally:
        house.close()

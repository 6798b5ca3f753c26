#!/usr/bin/env bash
# Programs that some tests drive: installed where this is root; elsewhere those tests say why they skip.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then exit 0; fi
while read -r command package what; do
    command -v "$command" >/dev/null || tools/apt "$package" "$what" || true
done <<'LIST'
nc netcat-openbsd nc, with which an administrator checks the connection,
nginx nginx-light nginx, which relays for consoles,
rpmbuild rpm rpm, which builds and installs the RPM of a programme,
dnf dnf dnf, with which an administrator installs it,
pg_createcluster postgresql PostgreSQL, a data source and database of programmes,
firefox-esr firefox-esr Firefox, the tracker's second browser,
puppet puppet-agent Puppet, which runs the module of Continuous Delivery for PE,
LIST

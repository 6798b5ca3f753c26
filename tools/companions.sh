#!/usr/bin/env bash
# Programs that some tests drive: installed where this is root; elsewhere those tests say why they skip.
# `companions.sh puppet`: those of `make test-puppet`, which are large, and not part of `make test`.
# `companions.sh cluster`: those of `make cluster`, of which no service is started.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = puppet ]; then
    [ -e /usr/share/puppetdb/puppetdb.jar ] || tools/apt puppetdb "PuppetDB, of whose nodes a master tells,"
    [ -e /usr/share/puppetserver/puppetserver.jar ] || tools/apt puppetserver "Puppet Server, which asks for updates,"
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || tools/apt postgresql "PostgreSQL, in which PuppetDB keeps them,"
    exit 0
fi
if [ "${1:-}" = cluster ]; then
    export SERVICES=no
    [ -x /usr/sbin/nats-server ] || tools/apt nats-server "NATS, the journal of many machines,"
    [ -x /usr/sbin/clickhouse-server ] || [ -x /usr/bin/clickhouse-server ] ||
        tools/apt clickhouse-server "ClickHouse, the store of many machines,"
    [ -e /usr/share/java/zookeeper.jar ] || tools/apt zookeeper "ZooKeeper, by which its replicas agree,"
    exit 0
fi
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
nats-server nats-server NATS, the journal of many machines,
clickhouse-server clickhouse-server ClickHouse, the store of many machines,
puppet puppet-agent Puppet, which runs the module of Continuous Delivery for PE,
LIST
[ -e /usr/share/java/zookeeper.jar ] || tools/apt zookeeper "ZooKeeper, by which its replicas agree," || true

#!/bin/sh
# After installing: the user that the services run as, and folders only for it.
set -e
if [ "$1" = configure ]; then
	mkdir -p /var/lib/openimis
	if ! getent passwd openimis >/dev/null; then
		adduser --system --group --home /var/lib/openimis --no-create-home --gecos 'openIMIS' openimis >/dev/null
	fi
	chown openimis:openimis /var/lib/openimis
	chmod 0700 /var/lib/openimis
	# Settings have passwords: the services read them, nobody else.
	chown -R root:openimis /etc/openimis
	chmod 0750 /etc/openimis
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		# What runs goes on with the new program, one after the other: each is ready before the next one stops, and
		# the gateway, which goes around those that are not, is last. Nothing is started or enabled unasked.
		for unit in $(systemctl list-units --plain --no-legend --state=active 'openimis-backend@*.service' openimis-worker.service | cut -d ' ' -f 1) openimis-gateway.service; do
			systemctl try-restart "$unit" || echo "openimis: $unit does not start again: see journalctl -u $unit" >&2
			! systemctl --quiet is-active "$unit" || sleep 2
		done
	fi
fi

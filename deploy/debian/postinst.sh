#!/bin/sh
# After installing: the user that the services run as, and folders only for it.
set -e
if [ "$1" = configure ]; then
	if ! getent passwd openimis >/dev/null; then
		adduser --system --group --home /var/lib/openimis --no-create-home --gecos 'openIMIS' openimis >/dev/null
	fi
	mkdir -p /var/lib/openimis
	chown openimis:openimis /var/lib/openimis
	chmod 0750 /var/lib/openimis
	chown -R root:openimis /etc/openimis
	chmod 0750 /etc/openimis
	chmod 0640 /etc/openimis/*.env
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		# services that run go on with the new program; nothing is enabled unasked
		systemctl try-restart 'openimis-backend@*.service' openimis-worker.service openimis-gateway.service || true
	fi
fi

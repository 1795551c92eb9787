#!/bin/sh
# After removing: systemd forgets the units. A purge also takes the state and the user away, but never a database.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
if [ "$1" = purge ]; then
	rm -f /etc/systemd/system/multi-user.target.wants/openimis-*.service
	if find /var/lib/openimis -name '*.db' 2>/dev/null | grep -q .; then
		echo "openimis: /var/lib/openimis has an embedded database and is kept; remove it yourself." >&2
	else
		rm -rf /var/lib/openimis
		if getent passwd openimis >/dev/null && command -v deluser >/dev/null; then
			deluser --system --quiet openimis || true
		fi
	fi
	rm -rf /etc/openimis
fi

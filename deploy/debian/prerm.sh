#!/bin/sh
# Before the program goes: stop what runs. An upgrade restarts it afterwards (postinst).
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl stop 'openimis-backend@*.service' openimis-worker.service openimis-gateway.service || true
fi

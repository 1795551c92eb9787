#!/bin/sh
# Before the program goes: stop what runs. An upgrade restarts it afterwards (postinst).
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	for unit in $(systemctl list-units --all --plain --no-legend 'openimis-*.service' | cut -d ' ' -f 1); do
		systemctl disable --now "$unit" || true
	done
fi

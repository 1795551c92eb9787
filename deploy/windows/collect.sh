#!/bin/sh
# Puts beside the Windows programs in FOLDER what belongs into their archive: the script, settings to begin with, guides.
set -eu
folder=$1
cp deploy/windows/install.ps1 deploy/windows/README.md LICENSE docs/operations.md "$folder/"
cp -R deploy/database deploy/platforms "$folder/"
mkdir "$folder/settings"
for file in deploy/debian/etc/*; do # the same settings; their paths are those of Windows, their lines end as there
	sed -E 's|/etc/openimis/|C:/ProgramData/openIMIS/settings/|; s|/usr/share/openimis/|C:/Program Files/openIMIS/|; s/$/\r/' "$file" >"$folder/settings/$(basename "$file")"
done

#!/usr/bin/env bash
# Rebuilds graphiql.html.gz and NOTICE from the packages that package-lock.json pins. Needs Node.js 20 or
# newer with npm. The packages are installed in a folder of their own that goes away afterwards.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/{package.json,package-lock.json,page.jsx,page.css,page.html,build.mjs} "$work"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node build.mjs "$here"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Install what dynamic programs need, from root/, where the machine has none of
# it. Nothing that is there is replaced.
[ -d root ] || exit 0
cd root || exit
find . -type f | while read -r f; do
	[ ! -e "/$f" ] || continue
	mkdir -p "/${f%/*}" && cp "$f" "/$f" || exit
done

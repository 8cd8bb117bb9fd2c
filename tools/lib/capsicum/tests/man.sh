#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# The manual pages: well-formed, and nothing is missing: every right, every
# function, every page that another one refers to.
#
# Run by "make check", which sets SRC and O. Prints TAP.
set -eu

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$SRC/tests/tap.sh"

names=$SRC/../../../include/linux/capsicum_names.h

for page in "$SRC"/man/*.[0-9]; do
	what="manual page ${page##*/}"
	if ! command -v mandoc >/dev/null; then
		skip "$what" 'mandoc is not installed'
		continue
	fi
	rc=0
	mandoc -T lint -W warning "$page" >"$dir/lint" 2>&1 || rc=$?
	result $rc "$what" "$dir/lint"
done

# Names of a page, and of the pages that are links to it.
for page in "$SRC"/man/*.[0-9]; do
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page" |
		sed "s/\$/ ${page##*.}/"
done | sort >"$dir/pages"

sed -n 's/^	N(\(CAP_[A-Z0-9_]*\)).*/\1/p' "$names" | sort >"$dir/rights"
sed -n 's/^\.It Dv \(CAP_[A-Z0-9_]*\)$/\1/p' "$SRC/man/rights.4" |
	sort >"$dir/listed"
rc=0
diff -u "$dir/rights" "$dir/listed" >"$dir/log" || rc=1
[ -s "$dir/rights" ] || rc=1
result $rc 'rights.4 lists every right, once, and no other' "$dir/log"

# A macro stands for each function that begins with two underscores.
sed -n 's/^[[:space:]]*_*\([a-z_]*\);$/\1/p' "$SRC/libcapsicum.map" |
	sort -u >"$dir/functions"
cut -d' ' -f1 "$dir/pages" | sort -u >"$dir/described"
rc=0
comm -23 "$dir/functions" "$dir/described" >"$dir/log"
[ -s "$dir/functions" ] && [ ! -s "$dir/log" ] || rc=1
result $rc 'every function has a page' "$dir/log"

# Each in the synopsis, too.
rc=0
: >"$dir/log"
while read -r f; do
	grep -q "^\.Fn $f " "$SRC"/man/*.[23] || {
		echo "no .Fn $f" >>"$dir/log"
		rc=1
	}
done <"$dir/functions"
result $rc 'every function is in a synopsis' "$dir/log"

# References to what is ours; the tools' pages are beside theirs.
{
	cat "$dir/pages"
	echo capexec 1
	echo capstat 8
} | sort -u >"$dir/ours"
sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1 \2/p' "$SRC"/man/*.[0-9] |
	grep -e '^cap' -e '^rights' -e '^libcap' | sort -u >"$dir/references"
rc=0
comm -13 "$dir/ours" "$dir/references" >"$dir/log"
[ -s "$dir/references" ] && [ ! -s "$dir/log" ] || rc=1
result $rc 'pages that are referred to are there' "$dir/log"

finish

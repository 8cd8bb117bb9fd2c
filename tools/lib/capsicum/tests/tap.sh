# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# shellcheck shell=sh
#
# What the scripts that "make check" runs share: $dir, an empty directory, and
# results as TAP. They say finish at their end.

name=${0##*/}
dir=$O/scratch/${name%.sh}
rm -rf "$dir"
mkdir -p "$dir"
n=0
failed=0

result() # status, description, log
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n $2"
	sed 's/^/# /' "$3"
	echo "# log: $3"
}

skip() # description, reason
{
	n=$((n + 1))
	echo "ok $n # SKIP $1: $2"
}

# The end of the script.
finish()
{
	echo "1..$n"
	[ $failed = 0 ] || echo "# $failed of $n failed"
	exit $((failed > 0))
}

echo "TAP version 13"

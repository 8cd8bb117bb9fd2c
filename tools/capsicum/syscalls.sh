#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# usage: syscalls.sh ARCH		in the top directory of the source
#
# The names of the system calls of every ABI of arch/ARCH, as lines of C:
#
#	CALL(AUDIT_ARCH_X86_64, 0, "read")
set -eu

[ $# -eq 1 ] || {
	sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2
	exit 1
}
abis=security/capsicum/capmode-abis.tbl

awk -v arch="$1" '!/^#/ && $1 == arch && $5 != "-" { print $3, $4, $5, $6 }' $abis |
while read -r table abi audit base; do
	awk -v abi="$abi" -v audit="$audit" -v base="$base" '
	function number(hex,	i, n) {
		if (hex !~ /^0x/)
			return hex + 0
		for (i = 3; i <= length(hex); i++)
			n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
		return n
	}
	BEGIN {
		n = split(abi, list, ",")
		for (i = 1; i <= n; i++)
			ours[list[i]]
		first = number(base)
	}
	$1 ~ /^[0-9]+$/ && $2 in ours {
		printf "CALL(%s, %d, \"%s\")\n", audit, first + $1, $3
	}' "$table"
done

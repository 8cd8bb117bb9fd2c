#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# Run by "make check", which sets O, SRC and TOOLS: what can be tested without a
# kernel that has Capsicum. Prints TAP.
set -u

n=0
failed=0

# try DESCRIPTION COMMAND...
try()
{
	_what=$1
	shift
	n=$((n + 1))
	if "$@" >"$O/check.log" 2>&1; then
		echo "ok $n $_what"
	else
		failed=$((failed + 1))
		echo "not ok $n $_what"
		sed 's/^/# /' "$O/check.log"
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n # SKIP $1"
}

lint()
{
	mandoc -T lint -W warning "$1"
}

# status WANTED COMMAND...
status()
{
	_want=$1
	shift
	"$@"
	_got=$?
	[ $_got = "$_want" ] || {
		echo "status $_got, not $_want"
		return 1
	}
}

# Everything that runs, and what a program that reads it expects.
json()
{
	"$O/capstat" "$@" >"$O/check.json"
	[ $? -le 1 ] && python3 - "$O/check.json" <<'EOF'
import json, sys

processes = json.load(open(sys.argv[1]))
assert processes, "there is at least one process"
for p in processes:
    assert isinstance(p["pid"], int) and p["pid"] > 0
    assert p["seccomp"] in ("none", "strict", "filter", "capability")
    assert p["capability_mode"] == (p["seccomp"] == "capability")
    for d in p.get("descriptors", []):
        assert d["open"] in ("r", "w", "rw", "path")
        assert ("rights" in d) == d["limited"]
    if "descriptors" not in p:
        assert p["limited_count"] <= p["descriptor_count"]
EOF
}

# A name that has to be escaped, and one that is no UTF-8.
odd_name()
{
	_dir=$O/check.dir
	rm -rf "$_dir"
	mkdir "$_dir" || return
	_odd=$(printf '%s/a\nb"\\\377' "$_dir")
	sh -c 'exec "$1" -j $$ 9>"$2"' sh "$O/capstat" "$_odd" >"$O/check.json" &&
	sh -c 'exec "$1" -f $$ 9>"$2"' sh "$O/capstat" "$_odd" >"$O/check.text" &&
	python3 - "$O/check.json" <<'EOF' && grep -F 'a\012b"\134\377' "$O/check.text"
import json, sys

(p,) = json.load(open(sys.argv[1]))
names = [d["target"] for d in p["descriptors"] if d["fd"] == 9]
assert len(names) == 1 and names[0].endswith('a\nb"\\\ufffd'), names
EOF
	_rc=$?
	rm -rf "$_dir"
	return $_rc
}

says()
{
	_text=$1
	shift
	"$@" 2>&1 | grep -F -e "$_text"
}

echo 'TAP version 13'
for page in "$SRC"/man/*.[0-9]; do
	if command -v mandoc >/dev/null; then
		try "manual page ${page##*/}" lint "$page"
	else
		skip "manual page ${page##*/}: mandoc is not installed"
	fi
done

case " $TOOLS " in
*' capexec '*)
	try 'capexec --help' status 0 "$O/capexec" --help
	try 'capexec: no program' status 125 "$O/capexec"
	try 'capexec: no such program' status 127 "$O/capexec" -- no-such-program
	try 'capexec: a wrong right' status 125 "$O/capexec" --fd 0=reed true
	try 'capexec: lists the rights' says 'ftruncate, lookup,' \
		"$O/capexec" --fd 0=reed true
	try 'capexec: names the option' says '--fd 0=read,reed: there is no right' \
		"$O/capexec" --fd 0=read,reed true
	try 'capexec --dry-run' says 'rights: CAP_WRITE,CAP_FSTAT' \
		"$O/capexec" --dry-run --fd 1=write,fstat true
	;;
esac
case " $TOOLS " in
*' capstat '*)
	try 'capstat --help' status 0 "$O/capstat" --help
	try 'capstat: no number' status 2 "$O/capstat" x
	try 'capstat: no process' status 1 "$O/capstat" 4194305
	if command -v python3 >/dev/null; then
		try 'capstat --json' json -a --json
		try 'capstat --json --summary' json -a --json --summary
		try 'capstat: odd names' odd_name
	else
		skip 'capstat --json: python3 is not installed'
	fi
	;;
esac
echo "1..$n"
rm -f "$O/check.log" "$O/check.json" "$O/check.text"
[ $failed = 0 ]

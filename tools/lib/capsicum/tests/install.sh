#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# "make install", and a program that finds what it needs the way programs do,
# through pkg-config.
#
# Run by "make check", which sets SRC, O, UAPI, UAPIFLAG, CC, CFLAGS, LDFLAGS,
# MAKE, MAJOR and VERSION. Prints TAP.
set -eu

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$SRC/tests/tap.sh"
root=$dir/root

rc=0
# Its own O=: what is being tested must not be made again under the test.
"$MAKE" -C "$SRC" O="$dir/build" UAPI="$UAPI" CC="$CC" CFLAGS="$CFLAGS" \
	LDFLAGS="$LDFLAGS" DESTDIR="$root" PREFIX=/opt/cap \
	LIBDIR=/opt/cap/lib64 install >"$dir/install.log" 2>&1 || rc=$?
result $rc 'make install' "$dir/install.log"

cat >"$dir/expected" <<EOF
./opt/cap/include/capsicum_helpers.h
./opt/cap/include/linux/capsicum.h
./opt/cap/include/sys/capsicum.h
./opt/cap/lib64/libcapsicum.a
./opt/cap/lib64/libcapsicum.so
./opt/cap/lib64/libcapsicum.so.$MAJOR
./opt/cap/lib64/libcapsicum.so.$VERSION
./opt/cap/lib64/pkgconfig/capsicum.pc
EOF
# With UAPI= the kernel's header has been installed by somebody else.
if [ -n "$UAPI" ]; then
	sed -i /linux.capsicum.h/d "$dir/expected"
fi
# Manual pages, under each of their names.
for page in "$SRC"/man/*.[0-9]; do
	sec=${page##*.}
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page" |
		sed "s|.*|./opt/cap/share/man/man$sec/&.$sec|"
done >>"$dir/expected"
sort -o "$dir/expected" "$dir/expected"
(cd "$root" && find . ! -type d | sort) >"$dir/found"
rc=0
diff -u "$dir/expected" "$dir/found" >"$dir/files.log" || rc=1
result $rc 'installs these files and no others' "$dir/files.log"

rc=0
grep -rl '^\.so ' "$root/opt/cap/share/man" | while read -r link; do
	target=$root/opt/cap/share/man/$(sed 's/^\.so //' "$link")
	grep -q "^\.Nm $(basename "$link" | sed 's/\.[0-9]$//')" "$target" ||
		echo "$link leads nowhere"
done >"$dir/links.log"
[ ! -s "$dir/links.log" ] || rc=1
result $rc 'links of manual pages lead to pages' "$dir/links.log"

cat >"$dir/prog.c" <<'EOF'
#include <sys/capsicum.h>

int main(void)
{
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_READ, CAP_EVENT);
	return !cap_rights_is_set(&rights, CAP_READ, CAP_EVENT);
}
EOF

if ! command -v pkg-config >/dev/null; then
	skip 'pkg-config' 'not installed (pkgconf)'
else
	rc=0
	# shellcheck disable=SC2046,SC2086 # flags are lists
	(
		export PKG_CONFIG_LIBDIR="$root/opt/cap/lib64/pkgconfig"
		export PKG_CONFIG_SYSROOT_DIR="$root"
		[ -z "$UAPI" ] || CFLAGS="$CFLAGS $UAPIFLAG"
		test "$(pkg-config --modversion capsicum)" = "$VERSION" &&
		$CC $CFLAGS $LDFLAGS $(pkg-config --cflags capsicum) \
			-o "$dir/prog" "$dir/prog.c" \
			$(pkg-config --libs capsicum) &&
		LD_LIBRARY_PATH="$root/opt/cap/lib64" "$dir/prog"
	) >"$dir/prog.log" 2>&1 || rc=$?
	result $rc 'a program builds with pkg-config and runs' "$dir/prog.log"
fi

finish
